import { bytesOf, type LoopStep, type PlanBuffer } from "@gradus/compile";
import { addIndex, axisIndex, linearIndex, offsetIndex, ScalarBuilder, scaleIndex, type Shape, sizeOf, stridesOf } from "@gradus/tensor";
import { withAxes } from "./rewrite.ts";

/** A reduction in two goes: parts of the longest reduced axis first, then the parts' results. */
export interface SplitReduction {
  /** Each writes its accumulators into partial buffers, from the given row of parts on. */
  readonly parts: readonly { readonly step: LoopStep; readonly from: number }[];
  readonly last: LoopStep;
  /** What lies between, one for each term: [parts, ...extents]. Numbered after the plan's own buffers. */
  readonly partial: readonly PlanBuffer[];
}

/** Sums of more terms than this are blocked, so that rounding errors of few terms add up. */
const longest = 32_768;
/** Terms of one part, at most. */
const mostPerPart = 16_384;

/**
 * Splits a reduction that is too long for one tile: then threads share it, and a sum of a million terms is as exact as
 * one of some thousands. How it is cut depends on the step alone, so every thread count gives the same bits.
 *
 * @param tiles how many tiles the step has as it is.
 * @param termWork additions' worth of work for one term.
 */
export function splitReduction(
  step: LoopStep,
  buffers: readonly PlanBuffer[],
  tiles: number,
  termWork: number,
  tileWork: number,
): SplitReduction | null {
  const { extents, reduce, terms } = step;
  const length = sizeOf(reduce);
  const axis = reduce.indexOf(Math.max(...reduce));
  const extent = reduce[axis] ?? 1;
  const known = terms.every(
    ({ combine, value }) => combine !== "argmax" && combine !== "argmin" && (value.dtype === "float32" || value.dtype === "int32"),
  );
  if (terms.length === 0 || !known || sizeOf(extents) === 0 || extent < 64) return null;
  if (!(length > longest || (tiles < 8 && length * termWork > 2 * tileWork))) return null;

  const perStep = length / extent;
  const part = partLength(extent, Math.max(16, Math.min(mostPerPart, Math.floor(tileWork / termWork)) / perStep));
  const whole = Math.floor(extent / part);
  const rest = extent - whole * part;
  const count = whole + (rest > 0 ? 1 : 0);
  if (count < 2) return null;
  const partial = terms.map(({ value: { dtype } }): PlanBuffer => {
    const shape = [count, ...extents];
    return { shape, dtype, bytes: bytesOf({ shape, dtype }), place: { kind: "arena", offset: 0 }, label: `${step.label}, in parts` };
  });
  const firstPartial = buffers.length;
  const parts = [{ step: partStep(step, axis, { parts: whole, part, start: 0 }, firstPartial), from: 0 }];
  if (rest > 0) parts.push({ step: partStep(step, axis, { parts: 1, part: rest, start: whole * part }, firstPartial), from: whole });
  return { parts, last: lastStep(step, count, firstPartial), partial };
}

/** A length of parts near `most`: one that divides the axis if there is one, else whole vectors. */
function partLength(extent: number, most: number): number {
  const limit = Math.max(16, Math.floor(most / 16) * 16);
  for (let length = limit; length > limit / 2; length -= 4) if (extent % length === 0) return length;
  return limit;
}

/** The reduction of each of `parts` runs of `part` terms, beginning at `start`. */
function partStep(
  { label, extents, reduce, terms, reads }: LoopStep,
  axis: number,
  cut: { readonly parts: number; readonly part: number; readonly start: number },
  partial: number,
): LoopStep {
  const s = new ScalarBuilder();
  const shorter = reduce.map((extent, i) => (i === axis ? cut.part : extent));
  const first = 1 + extents.length;
  const axes = [
    ...extents.map((extent, i) => axisIndex(1 + i, extent)),
    ...shorter.map((extent, i) => {
      const own = axisIndex(first + i, extent);
      return i === axis ? offsetIndex(addIndex(scaleIndex(axisIndex(0, cut.parts), cut.part), own), cut.start) : own;
    }),
  ];
  return {
    kind: "loop",
    label: `${label}, in parts`,
    extents: [cut.parts, ...extents],
    reduce: shorter,
    terms: terms.map(({ combine, value }) => ({ combine, value: withAxes(s, value, axes) })),
    reads,
    writes: terms.map(({ value: { dtype } }, slot) => ({ buffer: partial + slot, value: s.accumulator(slot, dtype) })),
  };
}

/** The reduction of the parts' results, and what the step stores. */
function lastStep(step: LoopStep, count: number, partial: number): LoopStep {
  const s = new ScalarBuilder();
  const shape: Shape = [count, ...step.extents];
  const at = linearIndex(
    [axisIndex(step.extents.length, count), ...step.extents.map((extent, i) => axisIndex(i, extent))],
    stridesOf(shape),
  );
  return {
    ...step,
    reduce: [count],
    terms: step.terms.map(({ combine, value: { dtype } }, slot) => ({ combine, value: s.load(step.reads.length + slot, dtype, at) })),
    reads: [...step.reads, ...step.terms.map((_, slot) => partial + slot)],
  };
}
