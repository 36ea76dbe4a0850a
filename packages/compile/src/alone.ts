import {
  attrsOf,
  type Aval,
  axisIndex,
  type Combine,
  constantIndex,
  linearIndex,
  mapSlots,
  offsetIndex,
  type Scalar,
  ScalarBuilder,
  stridesOf,
} from "@gradus/tensor";
import type { Node } from "./canonical.ts";
import { asStored, readerOf } from "./halves.ts";

/** What of a node its own body is lowered from. */
export type Alone = Pick<Node, "op" | "tensor" | "parents">;

/** The extents a reduction runs over. */
export function reduceExtents({ op, tensor }: Pick<Alone, "op" | "tensor">): readonly number[] {
  if (op?.kind !== "loop" || op.reduce === undefined) return [];
  return op.reduce(
    mapSlots(tensor, (parent) => parent),
    attrsOf(tensor),
  ).extents;
}

/** How a reduction joins its terms. */
export function combineOf({ op, tensor }: Pick<Alone, "op" | "tensor">): Combine {
  if (op?.kind !== "loop" || op.reduce === undefined) throw new RangeError("not a reduction");
  const slots = mapSlots(tensor, (parent): Aval => parent);
  return op.reduce(slots, attrsOf(tensor)).combine;
}

/** A body lowered over plain loads of its op's inputs. */
interface LoweredAlone {
  readonly result: Scalar;
  readonly s: ScalarBuilder;
}

/** The op's body over plain loads of its inputs. Calls that are alike share the answer: a recurrence makes the same few at every step. */
export function lowerAlone(node: Alone): LoweredAlone {
  const key = callKey(node);
  let known = lowered.get(key);
  if (known !== undefined) return known;
  if (lowered.size === mostLowered) lowered.clear();
  lowered.set(key, (known = bodyAlone(node)));
  return known;
}

const lowered = new Map<string, LoweredAlone>();
const mostLowered = 4096;

/** Equal for calls of one op with the same attributes, shapes and dtypes, whose inputs are equal where the other's are. */
function callKey({ op, tensor, parents }: Alone): string {
  const { source } = tensor;
  const attrs = source.kind === "op" ? source.attrsId : 0;
  const inputs = parents.map((parent) => `${parents.indexOf(parent)}${avalKey(parent.tensor)}`);
  return `${op?.id ?? 0}|${attrs}|${avalKey(tensor)}|${inputs.join(";")}`;
}

export function avalKey({ shape, dtype }: Aval): string {
  return `${dtype}[${shape.join()}]`;
}

function bodyAlone({ op, tensor, parents }: Alone): LoweredAlone {
  const s = new ScalarBuilder();
  if (op?.kind !== "loop") return { result: s.constant("float32", 0), s };
  let next = 0;
  const x = mapSlots(tensor, (parent) => {
    // By its place among the inputs: the recorded one may be another call that is equal to the node's.
    const input = parents[next++];
    const buffer = parents.findIndex((other) => other === input);
    return readerOf(s, parent, (index) => s.load(buffer, parent.dtype, linearIndex(index, stridesOf(parent.shape))));
  });
  const over = reduceExtents({ tensor, op }).map((extent, i) => axisIndex(tensor.rank + i, extent));
  const at = tensor.shape.map((extent, axis) => (extent === 0 ? constantIndex(0) : axisIndex(axis, extent)));
  return { result: asStored(s, op.body({ s, x, attrs: attrsOf(tensor), out: tensor, at, over }), tensor.dtype), s };
}

/** Whether `node` is its parent's elements in the same row-major order: a reshape, or an identity. */
export function sharesBuffer(node: Node, parent: Node): boolean {
  let answer = shares.get(node);
  if (answer === undefined) shares.set(node, (answer = isRowMajorView(node, parent)));
  return answer;
}

const shares = new WeakMap<Node, boolean>();

function isRowMajorView(node: Node, parent: Node): boolean {
  const { op, tensor } = node;
  if (op?.kind !== "loop" || op.access !== "view" || node.parents.length !== 1) return false;
  if (parent.tensor.size !== tensor.size || parent.tensor.dtype !== tensor.dtype || tensor.size === 0) return false;
  return reads(node, stridesOf(tensor.shape));
}

/** Whether a view exchanges its parent's last two axes and leaves the others alone. */
export function isTransposition(node: Alone): boolean {
  const { op, tensor, parents } = node;
  const [parent] = parents;
  if (op?.kind !== "loop" || op.access !== "view" || parents.length !== 1 || parent === undefined) return false;
  const rank = tensor.rank;
  const exchanged = <T>(list: readonly T[]): readonly T[] => [...list.slice(0, -2), ...list.slice(-2).toReversed()];
  if (rank < 2 || tensor.size === 0 || String(exchanged(parent.tensor.shape)) !== String(tensor.shape)) return false;
  return reads(node, exchanged(stridesOf(parent.tensor.shape)));
}

/** Where a view that is a run of its parent's elements begins among them; null for any other. */
export function runOf(node: Alone): number | null {
  const { op, tensor, parents } = node;
  const [parent] = parents;
  if (op?.kind !== "loop" || op.access !== "view" || parents.length !== 1 || parent === undefined) return null;
  if (tensor.size === 0 || tensor.size >= parent.tensor.size || tensor.dtype !== parent.tensor.dtype) return null;
  const { result } = lowerAlone(node);
  const first = result.kind === "load" ? result.at.constant : 0;
  return reads(node, stridesOf(tensor.shape), first) ? first : null;
}

/** Whether `node` is its parents one after the other. */
export function joinsParents({ op, tensor }: Alone): boolean {
  if (op?.kind !== "loop" || op.joins === undefined) return false;
  return op.joins(
    mapSlots(tensor, (parent): Aval => parent),
    attrsOf(tensor),
  );
}

/** Whether a view reads its parent's elements with these strides, from `first` on. */
function reads(node: Alone, strides: readonly number[], first = 0): boolean {
  const { dtype, shape } = node.tensor;
  const { result, s } = lowerAlone(node);
  const at = shape.map((extent, axis) => axisIndex(axis, extent));
  return result === s.load(0, dtype, offsetIndex(linearIndex(at, strides), first));
}
