import {
  attrsOf,
  axisCoefficient,
  axisIndex,
  type Combine,
  delinearise,
  type IndexExpression,
  linearIndex,
  mapSlots,
  type Scalar,
  ScalarBuilder,
  type Shape,
  stridesOf,
  walkPrograms,
} from "@gradus/tensor";
import type { Node } from "./canonical.ts";
import { combineOf, reduceExtents } from "./alone.ts";
import { bufferNode, type Group } from "./group.ts";
import { asStored, computedIn, readerOf } from "./halves.ts";

/** A group as a loop nest, before buffers have numbers. */
export interface LoweredLoop {
  readonly extents: Shape;
  readonly reduce: Shape;
  readonly terms: readonly { readonly combine: Combine; readonly value: Scalar }[];
  readonly values: readonly Scalar[];
  /** Nodes read from memory; a load's `buffer` is a position here. */
  readonly reads: readonly Node[];
  /** Reads only ever made at the very element being written: safe to overwrite. */
  readonly elementwise: ReadonlySet<Node>;
}

/** Pointwise work after a library call, over the call's own axes; null if it cannot be said over them. */
export interface LoweredEpilogue {
  readonly axes: Shape;
  readonly value: Scalar;
  readonly reads: readonly Node[];
}

/** Thrown when a fusion that looked possible reads its producer at another element than its own. */
export class FusionMiss extends Error {
  constructor() {
    super("a fused value is read at another element");
  }
}

/** Lowers a group whose values are all loops, with adjacent axes merged wherever every address allows it. */
export function lowerLoop(group: Group, stored: ReadonlySet<Node>): LoweredLoop {
  const shape = withoutOnes(shapeOf(group));
  const [reducer] = reducersOf(group);
  const inner = withoutOnes(reducer === undefined ? [] : reduceExtents(reducer));
  const fine = lowerOver(group, stored, shape, inner);
  const extents = mergeAxes(fine, shape, 0);
  const reduce = mergeAxes(fine, inner, shape.length);
  if (extents.length === shape.length && reduce.length === inner.length) return fine;
  return lowerOver(group, stored, extents, reduce);
}

/** Lowers the pointwise chain behind a library call to a program over the call's axes. */
export function lowerEpilogue({ stores, producers: [producer] }: Group, stored: ReadonlySet<Node>, axes: Shape): LoweredEpilogue {
  const [store] = stores;
  if (store === undefined || producer === undefined || producer === null)
    throw new RangeError("an epilogue needs a library call and a value to store");
  const lowering = new Lowering(stored, new Set(stores), [producer], axes);
  const value = lowering.valueOf(store);
  return { axes, value, reads: lowering.reads };
}

/** The node whose shape the group's loops run over. */
function shapeOf({ stores }: Group): Shape {
  return stores[stores.length - 1]?.tensor.shape ?? [];
}

/** The reductions a group computes, all over the same extents: for each store its producer, or itself. */
function reducersOf({ stores, producers }: Group): readonly Node[] {
  return stores.map((store, i) => producers[i] ?? store).filter(({ op }) => op?.kind === "loop" && op.access === "reduce");
}

function lowerOver(group: Group, stored: ReadonlySet<Node>, extents: Shape, reduce: Shape): LoweredLoop {
  const reducers = reducersOf(group);
  const lowering = new Lowering(stored, new Set(group.stores), reducers, extents);
  const terms = reducers.map((reducer) => {
    const over = delinearise(rowMajor(reduce, extents.length), reduceExtents(reducer));
    return { combine: combineOf(reducer), value: lowering.termOf(reducer, over) };
  });
  const values = group.stores.map((store) => lowering.valueOf(store));
  return { extents, reduce, terms, values, reads: lowering.reads, elementwise: lowering.elementwise() };
}

function withoutOnes(shape: Shape): Shape {
  return shape.filter((extent) => extent !== 1);
}

/** Row-major position over axes that start at number `first`. */
function rowMajor(extents: Shape, first: number): IndexExpression {
  return linearIndex(
    extents.map((extent, i) => axisIndex(first + i, extent)),
    stridesOf(extents),
  );
}

/** One kernel's scalar program under construction. */
class Lowering {
  readonly s = new ScalarBuilder();
  readonly reads: Node[] = [];
  readonly #stored: ReadonlySet<Node>;
  readonly #inside: ReadonlySet<Node>;
  /** What is computed before, each in the accumulator of its place. */
  readonly #producers: readonly Node[];
  readonly #position: IndexExpression;
  readonly #known = new Map<string, Scalar>();
  readonly #displaced = new Set<Node>();

  constructor(stored: ReadonlySet<Node>, inside: ReadonlySet<Node>, producers: readonly Node[], extents: Shape) {
    this.#stored = stored;
    this.#inside = inside;
    this.#producers = producers;
    this.#position = rowMajor(extents, 0);
  }

  /** Reads whose every load is at the element being written. */
  elementwise(): ReadonlySet<Node> {
    return new Set(this.reads.filter((node) => !this.#displaced.has(node)));
  }

  /** The value a stored node takes at the present element. */
  valueOf(node: Node): Scalar {
    const slot = this.#producers.indexOf(node);
    const { dtype, shape } = node.tensor;
    if (slot >= 0) return asStored(this.s, this.s.accumulator(slot, computedIn(dtype)), dtype);
    return asStored(this.s, this.#body(node, delinearise(this.#position, shape), []), dtype);
  }

  /** What a reduction joins: its own body at the present element and at `over`, unrounded. */
  termOf(node: Node, over: readonly IndexExpression[]): Scalar {
    return this.#body(node, delinearise(this.#position, node.tensor.shape), over);
  }

  #body({ op, tensor, parents }: Node, at: readonly IndexExpression[], over: readonly IndexExpression[]): Scalar {
    if (op?.kind !== "loop") throw new RangeError(`${op?.name ?? "data"} has no loop body`);
    let next = 0;
    const x = mapSlots(tensor, (parent) => {
      const node = parents[next++];
      return readerOf(this.s, parent, (index) => this.#read(node, index));
    });
    return op.body({ s: this.s, x, attrs: attrsOf(tensor), out: tensor, at, over });
  }

  #read(node: Node | undefined, index: readonly IndexExpression[]): Scalar {
    if (node === undefined) throw new RangeError("an op reads more inputs than it was given");
    const key = `${node.id}@${index.map(({ key: part }) => part).join()}`;
    let value = this.#known.get(key);
    if (value === undefined) this.#known.set(key, (value = this.#compute(node, index)));
    return value;
  }

  #compute(node: Node, index: readonly IndexExpression[]): Scalar {
    const { shape, dtype } = node.tensor;
    if (node.tensor.size === 0) return this.s.constant(dtype, 0);
    const holder = this.#stored.has(node) ? bufferNode(node, this.#stored) : node;
    const inHere = this.#producers.includes(holder) || this.#inside.has(holder);
    if (inHere || this.#stored.has(holder)) {
      const address = linearIndex(index, stridesOf(shape));
      const own = address.key === this.#position.key;
      if (inHere) {
        if (!own) throw new FusionMiss();
        return this.valueOf(holder);
      }
      let buffer = this.reads.indexOf(holder);
      if (buffer < 0) buffer = this.reads.push(holder) - 1;
      if (!own) this.#displaced.add(holder);
      return this.s.load(buffer, dtype, address);
    }
    return asStored(this.s, this.#body(node, index, []), dtype);
  }
}

/** Joins each axis to the one before it where every address steps through both as through one. */
function mergeAxes({ terms, values }: LoweredLoop, extents: Shape, first: number): Shape {
  const expressions = indexExpressions([...terms.map(({ value }) => value), ...values]);
  const merged: number[] = [];
  extents.forEach((extent, i) => {
    const axis = first + i;
    const last = merged.length - 1;
    if (i > 0 && expressions.every((expression) => stepsAsOne(expression, axis - 1, axis, extent))) {
      merged[last] = (merged[last] ?? 1) * extent;
    } else merged.push(extent);
  });
  return merged;
}

function stepsAsOne(expression: IndexExpression, outer: number, inner: number, innerExtent: number): boolean {
  const slow = axisCoefficient(expression, outer);
  const fast = axisCoefficient(expression, inner);
  if (slow === null || fast === null) return false;
  return slow === fast * innerExtent;
}

/** Every address and index value in the programs, each once. */
function indexExpressions(roots: readonly Scalar[]): IndexExpression[] {
  const found = new Map<string, IndexExpression>();
  walkPrograms(roots, { index: (expression) => void found.set(expression.key, expression) });
  return [...found.values()];
}
