import { axisIndex, ScalarBuilder } from "@gradus/tensor";
import { joinsParents, runOf } from "./alone.ts";
import type { Graph, Node } from "./canonical.ts";
import { bufferNode, type Grouping } from "./group.ts";
import type { LoweredLoop } from "./lower.ts";
import { bytesOf } from "./plan.ts";
import { initialStates } from "./scan.ts";

/** A value whose elements are a run of another's: it has no memory of its own. */
export interface Part {
  readonly whole: Node;
  /** The element of the whole that is its first. */
  readonly first: number;
}

/**
 * More inputs than this are not worth looking through for each element of a join, nor as many runs worth a kernel each with an
 * address of its own: a recurrence has one for each step.
 */
const many = 8;

/** Whether a value is computed piece by piece, each where it ends up. A new state value is not: its cell lies elsewhere. */
export function isJoin(node: Node, alignment: number): boolean {
  if (node.parents.length <= many || !joinsParents(node)) return false;
  return node.parents.every(({ tensor }) => tensor.size > 0 && bytesOf(tensor) % alignment === 0);
}

/** Whether a view is read as memory of its own: one of many runs of a value whose memory is the plan's to place. */
export function partOf(node: Node, stored: ReadonlySet<Node>, replacing: ReadonlySet<Node>, alignment: number): Part | null {
  const [parent] = node.parents;
  if (parent === undefined || parent.readers.length <= many) return null;
  const whole = bufferNode(parent, stored);
  const { kind } = whole.tensor.source;
  if (!stored.has(whole) || replacing.has(whole) || kind === "state" || kind === "kept") return null;
  const first = runOf(node);
  return first === null || (first * bytesOf({ shape: [1], dtype: node.tensor.dtype })) % alignment !== 0 ? null : { whole, first };
}

/** Whether a value is read in many runs: stored, they are all read by the same kernel, which would else compute each at its own place. */
export function isCutUp({ readers }: Node): boolean {
  return readers.length > many && readers.filter((reader) => runOf(reader) !== null).length > many;
}

/** A piece that cannot be computed in its place: it is another join's too, or comes from outside. */
export interface Copy {
  readonly store: Node;
  readonly loop: LoweredLoop;
}

/** How joins, and what recurrences begin with, are put together. */
export interface Pieces {
  /** Of each join, the values whose kernels fill it. */
  readonly of: ReadonlyMap<Node, readonly Node[]>;
  /** Of each history of a recurrence's state, the value its first step finds there. */
  readonly initial: ReadonlyMap<Node, Node>;
  readonly parts: ReadonlyMap<Node, Part>;
  readonly copies: readonly Copy[];
}

/** Gives every piece of every join its place, and a kernel to those that need one. `made` are the values that kernels store. */
export function placePieces(graph: Graph, { joins, runs, stored }: Grouping, made: ReadonlySet<Node>): Pieces {
  const parts = new Map(runs);
  const of = new Map<Node, readonly Node[]>();
  const initial = new Map<Node, Node>();
  const copies: Copy[] = [];
  const replacing = new Set(graph.updates.map(({ value }) => value));
  const place = (parent: Node, whole: Node, first: number): Node => {
    const base = bufferNode(parent, stored);
    const inPlace = made.has(base) && !parts.has(base) && !replacing.has(base);
    const piece = inPlace ? base : copyOf(base, graph.nodes.length + copies.length);
    if (!inPlace) copies.push({ store: piece, loop: copyLoop(base) });
    parts.set(piece, { whole, first });
    return piece;
  };
  for (const whole of joins) {
    let first = 0;
    const pieces: Node[] = [];
    for (const parent of whole.parents) {
      pieces.push(place(parent, whole, first));
      first += parent.tensor.size;
    }
    of.set(whole, pieces);
  }
  for (const { init, history, first } of initialStates(graph)) initial.set(history, place(init, history, first));
  return { of, initial, parts, copies };
}

function copyOf(base: Node, id: number): Node {
  return { id, tensor: base.tensor, op: null, parents: [base], readers: [] };
}

function copyLoop(base: Node): LoweredLoop {
  const { size, dtype } = base.tensor;
  const s = new ScalarBuilder();
  const value = s.load(0, dtype, axisIndex(0, size));
  return { extents: [size], reduce: [], terms: [], values: [value], reads: [base], elementwise: new Set([base]) };
}
