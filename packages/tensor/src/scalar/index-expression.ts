import type { Scalar } from "./expression.ts";

/**
 * An integer expression over loop axes: `constant + Σ coefficient * atom`, kept in a normal form.
 *
 * Views compose by substituting these, so a chain of transposes, slices and reshapes costs one address computation.
 * Every atom knows its range, which is what lets `(28 * i + j) / 28` fold back to `i`.
 */
export interface IndexExpression {
  readonly constant: number;
  readonly terms: readonly IndexTerm[];
  readonly min: number;
  readonly max: number;
  /** Equal keys mean equal expressions. */
  readonly key: string;
}

export interface IndexTerm {
  readonly atom: IndexAtom;
  readonly coefficient: number;
}

export type IndexAtom =
  | { readonly kind: "axis"; readonly axis: number; readonly min: number; readonly max: number; readonly key: string }
  | {
      readonly kind: "div" | "mod";
      readonly of: IndexExpression;
      readonly by: number;
      readonly min: number;
      readonly max: number;
      readonly key: string;
    }
  | {
      readonly kind: "clamp";
      readonly of: IndexExpression;
      readonly low: number;
      readonly high: number;
      readonly min: number;
      readonly max: number;
      readonly key: string;
    }
  | { readonly kind: "value"; readonly value: Scalar; readonly min: number; readonly max: number; readonly key: string };

export function constantIndex(value: number): IndexExpression {
  return { constant: value, terms: [], min: value, max: value, key: String(value) };
}

/** The value of loop axis `axis`, which runs from 0, or from `low` where only that much is looked at, to `extent - 1`. */
export function axisIndex(axis: number, extent: number, low = 0): IndexExpression {
  return fromAtom({ kind: "axis", axis, min: low, max: Math.max(low, extent - 1), key: `i${axis}` });
}

/** An index read from data (a gather), known to be in `0 .. extent - 1` because the op clamps it. */
export function valueIndex(value: Scalar, extent: number): IndexExpression {
  return fromAtom({ kind: "value", value, min: 0, max: Math.max(0, extent - 1), key: `v${value.id}` });
}

export function addIndex(a: IndexExpression, b: IndexExpression): IndexExpression {
  if (b.terms.length === 0 && b.constant === 0) return a;
  return normalise(a.constant + b.constant, [...a.terms, ...b.terms]);
}

export function scaleIndex(a: IndexExpression, factor: number): IndexExpression {
  if (factor === 1) return a;
  if (factor === 0) return constantIndex(0);
  return normalise(
    a.constant * factor,
    a.terms.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient * factor })),
  );
}

export function offsetIndex(a: IndexExpression, offset: number): IndexExpression {
  return addIndex(a, constantIndex(offset));
}

/** Floor division by a positive constant. */
export function divIndex(a: IndexExpression, by: number): IndexExpression {
  if (by === 1) return a;
  const { quotient, rest } = split(a, by);
  return addIndex(quotient, divRest(rest, by));
}

/** The remainder in `0 .. by - 1` of division by a positive constant. */
export function modIndex(a: IndexExpression, by: number): IndexExpression {
  if (by === 1) return constantIndex(0);
  return modRest(split(a, by).rest, by);
}

/** The nearest value in `0 .. extent - 1`: what a padded read uses as its address where it must not use its value. */
export function clampIndex(a: IndexExpression, extent: number): IndexExpression {
  const high = Math.max(0, extent - 1);
  if (a.min >= 0 && a.max <= high) return a;
  const inside = (bound: number): number => Math.min(Math.max(bound, 0), high);
  return fromAtom({ kind: "clamp", of: a, low: 0, high, min: inside(a.min), max: inside(a.max), key: `[${a.key}]${high}` });
}

/** Rebuilds an expression with each axis replaced: how a producer's index becomes the consumer's. */
export function substituteAxes(a: IndexExpression, axes: readonly IndexExpression[], value: (scalar: Scalar) => Scalar): IndexExpression {
  let result = constantIndex(a.constant);
  for (const { atom, coefficient } of a.terms) result = addIndex(result, scaleIndex(substituteAtom(atom, axes, value), coefficient));
  return result;
}

function substituteAtom(atom: IndexAtom, axes: readonly IndexExpression[], value: (scalar: Scalar) => Scalar): IndexExpression {
  switch (atom.kind) {
    case "axis":
      return axes[atom.axis] ?? fromAtom(atom);
    case "div":
      return divIndex(substituteAxes(atom.of, axes, value), atom.by);
    case "mod":
      return modIndex(substituteAxes(atom.of, axes, value), atom.by);
    case "clamp":
      return clampIndex(substituteAxes(atom.of, axes, value), atom.high + 1);
    case "value":
      return valueIndex(value(atom.value), atom.max + 1);
  }
  atom satisfies never;
}

/** Row-major address of `index` in a tensor with these strides. */
export function linearIndex(index: readonly IndexExpression[], strides: readonly number[]): IndexExpression {
  return normalise(
    index.reduce((sum, expression, axis) => sum + expression.constant * (strides[axis] ?? 0), 0),
    index.flatMap((expression, axis) =>
      expression.terms.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient * (strides[axis] ?? 0) })),
    ),
  );
}

/** The index along each axis of `shape` of a row-major address. */
export function delinearise(address: IndexExpression, shape: readonly number[]): IndexExpression[] {
  const result = new Array<IndexExpression>(shape.length);
  let rest = address;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] ?? 1;
    result[axis] = axis === 0 ? rest : modIndex(rest, extent);
    rest = divIndex(rest, extent);
  }
  return result;
}

function fromAtom(atom: IndexAtom): IndexExpression {
  return normalise(0, [{ atom, coefficient: 1 }]);
}

function normalise(constant: number, terms: readonly IndexTerm[]): IndexExpression {
  const merged = new Map<string, IndexTerm>();
  for (const { atom, coefficient } of terms) {
    if (atom.min === atom.max) {
      constant += atom.min * coefficient;
      continue;
    }
    const total = (merged.get(atom.key)?.coefficient ?? 0) + coefficient;
    if (total === 0) merged.delete(atom.key);
    else merged.set(atom.key, { atom, coefficient: total });
  }
  const rejoined = rejoin(merged);
  if (rejoined !== null) return addIndex(normalise(constant, rejoined.rest), rejoined.whole);

  const sorted = [...merged.values()].sort((a, b) => (a.atom.key < b.atom.key ? -1 : 1));
  let min = constant;
  let max = constant;
  for (const { atom, coefficient } of sorted) {
    min += coefficient * (coefficient > 0 ? atom.min : atom.max);
    max += coefficient * (coefficient > 0 ? atom.max : atom.min);
  }
  const key = [constant, ...sorted.map(({ atom, coefficient }) => `${coefficient}*${atom.key}`)].join("+");
  return { constant, terms: sorted, min, max, key };
}

/** Finds `k * mod(x, c) + k * c * div(x, c)` and turns it back into `k * x`. */
function rejoin(terms: ReadonlyMap<string, IndexTerm>): { rest: IndexTerm[]; whole: IndexExpression } | null {
  for (const [key, { atom, coefficient }] of terms) {
    if (atom.kind !== "mod") continue;
    const quotient = divIndex(atom.of, atom.by);
    const [only] = quotient.terms;
    if (only === undefined || quotient.terms.length !== 1 || quotient.constant !== 0) continue;
    const partner = terms.get(only.atom.key);
    if (partner === undefined || partner.coefficient !== coefficient * atom.by * only.coefficient) continue;
    const rest = [...terms].filter(([other]) => other !== key && other !== only.atom.key).map(([, term]) => term);
    return { rest, whole: scaleIndex(atom.of, coefficient) };
  }
  return null;
}

/** Splits into `by * quotient + rest`, taking whole multiples out. */
function split(a: IndexExpression, by: number): { quotient: IndexExpression; rest: IndexExpression } {
  const whole: IndexTerm[] = [];
  const rest: IndexTerm[] = [];
  for (const term of a.terms) {
    if (term.coefficient % by === 0) whole.push({ atom: term.atom, coefficient: term.coefficient / by });
    else rest.push(term);
  }
  const quotient = Math.floor(a.constant / by);
  return { quotient: normalise(quotient, whole), rest: normalise(a.constant - quotient * by, rest) };
}

function divRest(rest: IndexExpression, by: number): IndexExpression {
  if (rest.min >= 0 && rest.max < by) return constantIndex(0);
  const shared = commonFactor(rest, by);
  if (shared > 1) return divIndex(shrink(rest, shared), by / shared);
  const [only] = rest.terms;
  if (rest.terms.length === 1 && rest.constant === 0 && only?.coefficient === 1) {
    const { atom } = only;
    if (atom.kind === "div") return divIndex(atom.of, atom.by * by);
    if (atom.kind === "mod" && atom.by % by === 0) return modIndex(divIndex(atom.of, by), atom.by / by);
  }
  const min = Math.floor(rest.min / by);
  const max = Math.floor(rest.max / by);
  return fromAtom({ kind: "div", of: rest, by, min, max, key: `(${rest.key})/${by}` });
}

function modRest(rest: IndexExpression, by: number): IndexExpression {
  if (rest.min >= 0 && rest.max < by) return rest;
  const shared = commonFactor(rest, by);
  if (shared > 1) {
    const low = ((rest.constant % shared) + shared) % shared;
    return offsetIndex(scaleIndex(modIndex(shrink(rest, shared), by / shared), shared), low);
  }
  const [only] = rest.terms;
  if (rest.terms.length === 1 && rest.constant === 0 && only?.coefficient === 1) {
    const { atom } = only;
    if (atom.kind === "mod" && atom.by % by === 0) return modIndex(atom.of, by);
  }
  return fromAtom({ kind: "mod", of: rest, by, min: 0, max: by - 1, key: `(${rest.key})%${by}` });
}

/** Largest factor that divides `by` and every coefficient; the constant may leave a remainder below it. */
function commonFactor(a: IndexExpression, by: number): number {
  return a.terms.reduce((factor, { coefficient }) => greatestCommonDivisor(factor, Math.abs(coefficient)), by);
}

function shrink(a: IndexExpression, factor: number): IndexExpression {
  return normalise(
    Math.floor(a.constant / factor),
    a.terms.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / factor })),
  );
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
