import {
  axisCoefficient,
  axisIndex,
  constantIndex,
  type IndexExpression,
  offsetIndex,
  type Scalar,
  ScalarBuilder,
  sizeOf,
  loadsOf,
} from "@gradus/tensor";
import type { Body } from "./pass.ts";
import { withAxes, withoutClamps } from "./rewrite.ts";
import { costOf, type LoopShape } from "./shape.ts";

/** Reduction windows up to this many terms are written out instead of looped over. */
const mostTaps = 16;
/** Vectors of a pointwise body that are computed in turn. */
const vectors = 4;
/** Bodies costlier than this are long programs, with parts enough that wait for nothing. */
const longBody = 64;

/** What holds for most of the elements, and makes their body simpler. */
export interface InnerBody {
  /** For planes `first .. first + count - 1` of the outermost axis: padded reads without clamps. */
  readonly body: Body;
  readonly first: number;
  readonly count: number;
  /** For a range of each of the other axes besides: without what padding there has to be asked. Null where nothing is. */
  readonly core: { readonly body: Body; readonly ranges: readonly Range[] } | null;
}

/** From `low` to below `high`. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The step's body as it is. */
export function plainBody(shape: LoopShape): Body {
  const { step } = shape;
  const axes = step.extents.map((extent, axis) => axisIndex(axis, extent));
  return { step, taps: tapsOf(shape, new ScalarBuilder(), axes), writes: [step.writes.map(({ value }) => value)], inTurn: false };
}

/** The body of several vectors: less of the loop around each, and no waiting for one formula's end. Null where neither pays. */
export function severalVectors({ step, inner }: LoopShape): Body | null {
  const writes = step.writes.map(({ value }) => value);
  if (step.terms.length > 0 || inner < 8 * vectors || costOf(writes) > longBody) return null;
  const s = new ScalarBuilder();
  const last = step.extents.length - 1;
  const vector = (at: number): Scalar[] => {
    const axes = step.extents.map((extent, axis) =>
      axis === last ? offsetIndex(axisIndex(axis, extent - 4 * (vectors - 1)), 4 * at) : axisIndex(axis, extent),
    );
    return writes.map((value) => withAxes(s, value, axes));
  };
  return { step, taps: null, writes: Array.from({ length: vectors }, (_, at) => vector(at)), inTurn: true };
}

/**
 * The body without the clamps of padded reads, which stand in the way of reading four lanes at once, for as much of the
 * outermost axis as its reads stay within their buffers; null if that is not most of it, or there is nothing to gain.
 */
export function innerBody(shape: LoopShape): InnerBody | null {
  const { step, readSizes } = shape;
  const [extent = 1] = step.extents;
  if (step.extents.length < 2 || sizeOf(step.reduce) > mostTaps || sizeOf(step.reduce) === 0) return null;
  const everywhere = step.extents.map((size) => ({ low: 0, high: size }));
  const s = new ScalarBuilder();
  const clamped = bodyWithin(shape, s, everywhere);
  const body = unclamped(s, clamped);
  const roots = rootsOf(body);
  if (rootsOf(clamped).every((root, i) => root === roots[i])) return null;
  let [first, end] = [0, extent];
  for (const { at, buffer } of loadsOf(roots)) {
    const [below, above] = [-at.min, at.max - ((readSizes[buffer] ?? 0) - 1)];
    if (below <= 0 && above <= 0) continue;
    const stride = axisCoefficient(at, 0) ?? 0;
    if (stride <= 0) return null;
    first = Math.max(first, Math.ceil(below / stride));
    end = Math.min(end, extent - Math.ceil(above / stride));
  }
  if (2 * (end - first) <= extent) return null;
  return { body, first, count: end - first, core: coreOf(shape, everywhere) };
}

/** The widest ranges of the axes but the first in which the least is left to be asked. */
function coreOf(shape: LoopShape, everywhere: readonly Range[]): InnerBody["core"] {
  const last = everywhere.length - 1;
  const within = (ranges: readonly Range[]): Body => {
    const s = new ScalarBuilder();
    return unclamped(s, bodyWithin(shape, s, ranges));
  };
  const asked = (ranges: readonly Range[]): number => costOf(rootsOf(within(ranges)));
  const most = asked(everywhere);
  let ranges = everywhere;
  let least = most;
  for (let axis = 1; axis <= last; axis++) {
    // Whole vectors along the lanes, so that remainders stay predictable.
    const margins = axis === last ? [0, 4, 8] : [0, 1, 2, 3, 4];
    const wide = margins.at(-1) ?? 0;
    const whole = everywhere[axis] ?? { low: 0, high: 1 };
    if (whole.high <= 2 * wide) continue;
    const cut = (low: number, high: number): Range[] => ranges.map((range, i) => (i === axis ? { low, high: whole.high - high } : range));
    const best = asked(cut(wide, wide));
    if (best >= least) continue;
    const low = margins.find((margin) => asked(cut(margin, wide)) === best) ?? wide;
    const high = margins.find((margin) => asked(cut(low, margin)) === best) ?? wide;
    ranges = cut(low, high);
    least = best;
  }
  return least < most ? { body: within(ranges), ranges } : null;
}

/** The step's body with each axis known to lie in a range. */
function bodyWithin(shape: LoopShape, s: ScalarBuilder, ranges: readonly Range[]): Body {
  const { step } = shape;
  const axes = ranges.map(({ low, high }, axis) => axisIndex(axis, high, low));
  return { step, taps: tapsOf(shape, s, axes), writes: [step.writes.map(({ value }) => withAxes(s, value, axes))], inTurn: false };
}

function unclamped(s: ScalarBuilder, { step, taps, writes }: Body): Body {
  const each = (values: readonly Scalar[]): Scalar[] => values.map((value) => withoutClamps(s, value));
  return { step, taps: taps?.map(each) ?? null, writes: writes.map(each), inTurn: false };
}

function rootsOf({ taps, writes }: Body): readonly Scalar[] {
  return [...(taps?.flat() ?? []), ...writes.flat()];
}

/** The terms at each place of a short reduction. */
function tapsOf({ step: { terms, reduce } }: LoopShape, s: ScalarBuilder, parallel: readonly IndexExpression[]): Scalar[][] | null {
  if (terms.length === 0 || sizeOf(reduce) === 0 || sizeOf(reduce) > mostTaps) return null;
  const places = reduce.reduce<IndexExpression[][]>(
    (known, extent) => known.flatMap((place) => Array.from({ length: extent }, (_, i) => [...place, constantIndex(i)])),
    [[]],
  );
  return places.map((place) => terms.map(({ value }) => withAxes(s, value, [...parallel, ...place])));
}
