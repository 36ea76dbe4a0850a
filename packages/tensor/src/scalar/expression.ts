import type { DType } from "../dtype.ts";
import { roundToFloat16 } from "../float16.ts";
import type { IndexAtom, IndexExpression } from "./index-expression.ts";
import { type LeafName, leafTable } from "./leaves.ts";

/**
 * One node of the scalar program a loop kernel computes for each element.
 *
 * `load` reads element `at` of the kernel's `buffer`-th source; `accumulator` is the value a reduction
 * (or a library kernel, in an epilogue) has reached. Nodes are interned: equal nodes have equal `id`s.
 */
export type Scalar =
  | { readonly kind: "constant"; readonly id: number; readonly dtype: DType; readonly value: number }
  | { readonly kind: "index"; readonly id: number; readonly dtype: "int32"; readonly of: IndexExpression }
  | { readonly kind: "load"; readonly id: number; readonly dtype: DType; readonly buffer: number; readonly at: IndexExpression }
  | { readonly kind: "accumulator"; readonly id: number; readonly dtype: DType; readonly slot: number }
  | { readonly kind: "call"; readonly id: number; readonly dtype: DType; readonly leaf: LeafName; readonly args: readonly Scalar[] };

/** Builds interned scalar programs, folding constants and identities on the way. */
export class ScalarBuilder {
  readonly #nodes = new Map<string, Scalar>();

  constant(dtype: DType, given: number): Scalar {
    const value = dtype === "float16" ? roundToFloat16(given) : given;
    const sign = Object.is(value, -0) ? "-" : "";
    return this.#intern(`c${dtype}${sign}${value}`, (id) => ({ kind: "constant", id, dtype, value }));
  }

  /** An index expression as an int32 value. */
  index(of: IndexExpression): Scalar {
    if (of.terms.length === 0) return this.constant("int32", of.constant);
    return this.#intern(`i${of.key}`, (id) => ({ kind: "index", id, dtype: "int32", of }));
  }

  load(buffer: number, dtype: DType, at: IndexExpression): Scalar {
    return this.#intern(`l${buffer}[${at.key}]`, (id) => ({ kind: "load", id, dtype, buffer, at }));
  }

  accumulator(slot: number, dtype: DType): Scalar {
    return this.#intern(`a${slot}${dtype}`, (id) => ({ kind: "accumulator", id, dtype, slot }));
  }

  call(leaf: LeafName, ...args: Scalar[]): Scalar {
    const { result } = leafTable[leaf];
    const last = args[args.length - 1];
    if (last === undefined) throw new RangeError(`${leaf} needs an argument`);
    const dtype = result === "same" ? last.dtype : result;
    return (
      this.#fold(leaf, dtype, args) ??
      this.#intern(`${leaf}:${dtype}(${args.map((a) => a.id).join()})`, (id) => ({ kind: "call", id, dtype, leaf, args }))
    );
  }

  /** 1 where `low <= index < high`, or null where the range proves it always holds. */
  within(index: IndexExpression, low: number, high: number): Scalar | null {
    const conditions: Scalar[] = [];
    if (index.min < low) conditions.push(this.call("lessEqual", this.constant("int32", low), this.index(index)));
    if (index.max >= high) conditions.push(this.call("less", this.index(index), this.constant("int32", high)));
    return this.all(conditions);
  }

  /** Conjunction of conditions; null when there are none, which reads as true. */
  all(conditions: readonly (Scalar | null)[]): Scalar | null {
    const real = conditions.filter((condition) => condition !== null);
    return real.length === 0 ? null : real.reduce((a, b) => this.call("and", a, b));
  }

  #intern(key: string, make: (id: number) => Scalar): Scalar {
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node = make(this.#nodes.size);
    this.#nodes.set(key, node);
    return node;
  }

  #fold(leaf: LeafName, dtype: DType, args: readonly Scalar[]): Scalar | null {
    const [a, b, c] = args;
    if (a === undefined) return null;
    if (args.every((arg) => arg.kind === "constant") && leaf !== "single") {
      const values = args.map((arg) => (arg.kind === "constant" ? arg.value : 0));
      return this.constant(dtype, wrapTo(dtype, evaluateLeaf(leaf, dtype, values)));
    }
    if (leaf === "select" && a.kind === "constant") return (a.value !== 0 ? b : c) ?? null;
    if (leaf === "select" && b === c) return b ?? null;
    if ((leaf === "toFloat32" && a.dtype === "float32") || (leaf === "toInt32" && a.dtype === "int32")) return a;
    if (leaf === "toFloat16" && a.dtype === "float16") return a;
    // Every half is a float32, and comes back from it as it was.
    if (leaf === "toFloat16" && a.kind === "call" && a.leaf === "toFloat32" && a.args[0]?.dtype === "float16") return a.args[0];
    if ((leaf === "toBool" && a.dtype === "bool") || (leaf === "toUint8" && a.dtype === "uint8")) return a;
    if (leaf === "toInt8" && a.dtype === "int8") return a;
    if (b === undefined) return null;
    const known = knownByRange(leaf, a, b);
    if (known !== null) return typeof known === "number" ? this.constant(dtype, known) : known;
    if (leaf === "and" && dtype === "bool" && isConstant(b, 1)) return a;
    if (leaf === "and" && dtype === "bool" && isConstant(a, 1)) return b;
    if (leaf === "mul" && isConstant(b, 1)) return a;
    if (leaf === "mul" && isConstant(a, 1)) return b;
    if ((leaf === "add" || leaf === "sub" || leaf === "shiftRight" || leaf === "shiftLeft") && isConstant(b, 0)) return a;
    if (leaf === "add" && isConstant(a, 0)) return b;
    if (leaf === "div" && isConstant(b, 1)) return a;
    return null;
  }
}

/** What the ranges of two whole numbers decide about them: a comparison's outcome, or which one is the larger or smaller. */
function knownByRange(leaf: LeafName, a: Scalar, b: Scalar): number | Scalar | null {
  const [x, y] = [rangeOf(a), rangeOf(b)];
  if (x === null || y === null) return null;
  if (leaf === "less") return x.max < y.min ? 1 : x.min >= y.max ? 0 : null;
  if (leaf === "lessEqual") return x.max <= y.min ? 1 : x.min > y.max ? 0 : null;
  if (leaf === "equal") return x.max < y.min || y.max < x.min ? 0 : null;
  if (leaf === "max") return x.min >= y.max ? a : y.min >= x.max ? b : null;
  if (leaf === "min") return x.max <= y.min ? a : y.max <= x.min ? b : null;
  return null;
}

function rangeOf(scalar: Scalar): { readonly min: number; readonly max: number } | null {
  if (scalar.kind === "index") return scalar.of;
  return scalar.kind === "constant" && scalar.dtype === "int32" ? { min: scalar.value, max: scalar.value } : null;
}

/** Evaluates a leaf on numbers, with 32-bit wrap-around for integer arithmetic. */
export function evaluateLeaf(leaf: LeafName, dtype: DType, [a = 0, b = 0, c = 0]: readonly number[]): number {
  if (dtype !== "float32" && leaf === "mul") return Math.imul(a, b);
  if (dtype === "int32" && leaf === "div") return b === 0 ? 0 : Math.trunc(a / b) | 0;
  if (dtype === "int32" && leaf === "rem") return b === 0 ? 0 : (a % b) | 0;
  return leafTable[leaf].js(a, b, c);
}

/** Brings a number into the range of its dtype, the way every backend does. */
export function wrapTo(dtype: DType, value: number): number {
  switch (dtype) {
    case "float32":
    case "float16":
      return value;
    case "int32":
      return value | 0;
    case "uint8":
      return value & 255;
    case "int8":
      return (value << 24) >> 24;
    case "bool":
      return value !== 0 ? 1 : 0;
  }
  dtype satisfies never;
}

/** Whether the value computed for an element depends on a loop axis. */
export function scalarUsesAxis(scalar: Scalar, axis: number): boolean {
  return axesOf(scalar).has(axis);
}

// Programs share nodes, so what a node depends on is worked out once.
const knownAxes = new WeakMap<Scalar, ReadonlySet<number>>();
const noAxes: ReadonlySet<number> = new Set();

function axesOf(scalar: Scalar): ReadonlySet<number> {
  let axes = knownAxes.get(scalar);
  if (axes === undefined) knownAxes.set(scalar, (axes = findAxes(scalar)));
  return axes;
}

function findAxes(scalar: Scalar): ReadonlySet<number> {
  switch (scalar.kind) {
    case "constant":
    case "accumulator":
      return noAxes;
    case "index":
      return indexAxes(scalar.of);
    case "load":
      return indexAxes(scalar.at);
    case "call":
      return new Set(scalar.args.flatMap((arg) => [...axesOf(arg)]));
  }
  scalar satisfies never;
  return noAxes;
}

function indexAxes({ terms }: IndexExpression): ReadonlySet<number> {
  return new Set(terms.flatMap(({ atom }) => [...atomAxes(atom)]));
}

function atomAxes(atom: IndexAtom): ReadonlySet<number> {
  switch (atom.kind) {
    case "axis":
      return new Set([atom.axis]);
    case "value":
      return axesOf(atom.value);
    case "div":
    case "mod":
    case "clamp":
      return indexAxes(atom.of);
  }
  atom satisfies never;
  return noAxes;
}

/** Every load in some programs. */
export function loadsOf(roots: readonly Scalar[]): Extract<Scalar, { kind: "load" }>[] {
  const seen = new Set<Scalar>();
  const found: Extract<Scalar, { kind: "load" }>[] = [];
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return;
    seen.add(scalar);
    if (scalar.kind === "load") found.push(scalar);
    if (scalar.kind === "call") scalar.args.forEach(visit);
  };
  roots.forEach(visit);
  return found;
}

/** Tells of every scalar and index expression that some programs are made of, those of values that indices are made of included: each scalar once. */
export function walkPrograms(
  roots: readonly Scalar[],
  {
    scalar: tellScalar,
    index: tellIndex,
  }: { readonly scalar?: (scalar: Scalar) => void; readonly index?: (index: IndexExpression) => void },
): void {
  const seen = new Set<Scalar>();
  const visitIndex = (expression: IndexExpression): void => {
    tellIndex?.(expression);
    for (const { atom } of expression.terms) {
      if (atom.kind === "value") visit(atom.value);
      else if (atom.kind !== "axis") visitIndex(atom.of);
    }
  };
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return;
    seen.add(scalar);
    tellScalar?.(scalar);
    if (scalar.kind === "load") visitIndex(scalar.at);
    else if (scalar.kind === "index") visitIndex(scalar.of);
    else if (scalar.kind === "call") scalar.args.forEach(visit);
  };
  roots.forEach(visit);
}

/** What the calls in some programs cost, each once, in additions. */
export function leafCost(roots: readonly Scalar[]): number {
  const seen = new Set<Scalar>();
  const visit = (scalar: Scalar): number => {
    if (scalar.kind !== "call" || seen.has(scalar)) return 0;
    seen.add(scalar);
    return scalar.args.reduce((sum, arg) => sum + visit(arg), leafTable[scalar.leaf].cost);
  };
  return roots.reduce((sum, root) => sum + visit(root), 0);
}

/** Coefficient of a loop axis if the expression is affine in it, null if the axis also hides inside a division or a loaded value. */
export function axisCoefficient({ terms }: IndexExpression, axis: number): number | null {
  let sum = 0;
  for (const { atom, coefficient } of terms) {
    if (!atomAxes(atom).has(axis)) continue;
    if (atom.kind !== "axis") return null;
    sum += coefficient;
  }
  return sum;
}

function isConstant(scalar: Scalar, value: number): boolean {
  return scalar.kind === "constant" && Object.is(scalar.value, value);
}
