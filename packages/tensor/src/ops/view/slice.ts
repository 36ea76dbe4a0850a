import { ArgumentError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { integers } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { offsetIndex, scaleIndex } from "../../scalar/index-expression.ts";
import { sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { flip } from "./flip.ts";
import { padWith } from "./pad.ts";
import { squeeze } from "./squeeze.ts";

export const sliceOp = defineLoop<Tensor>()({
  name: "slice",
  inputs: { x: "one" },
  attrs: { starts: integers, steps: integers, sizes: integers },
  access: "view",
  infer: ({ x }, { starts, steps, sizes }, fail) => {
    if (![starts, steps, sizes].every(({ length }) => length === x.shape.length)) {
      fail({ code: "shape/slice", sentence: `needs a start, a step and a size for each of ${x.shape.length} axes` });
    }
    const last = sizes.map((size, axis) => (starts[axis] ?? 0) + (size - 1) * (steps[axis] ?? 1));
    const bad = sizes.findIndex(
      (size, axis) =>
        (steps[axis] ?? 1) < 1 || size < 0 || (size > 0 && ((starts[axis] ?? 0) < 0 || (last[axis] ?? 0) >= (x.shape[axis] ?? 1))),
    );
    if (bad >= 0)
      fail({
        code: "shape/slice",
        sentence: `${sizes[bad]} elements from ${starts[bad]} in steps of ${steps[bad]} are not in axis ${bad}, which has ${x.shape[bad]}`,
      });
    return { shape: sizes, dtype: x.dtype };
  },
  body: ({ x: { x }, attrs: { starts, steps }, at }) =>
    x.at(at.map((index, axis) => offsetIndex(scaleIndex(index, steps[axis] ?? 1), starts[axis] ?? 0))),
  vjp: ({ x: { x }, ct, attrs: { starts, steps } }) => {
    const span = ct.shape.map((size, axis) => (size === 0 ? 0 : (size - 1) * (steps[axis] ?? 1) + 1));
    const before = starts.map((start, axis) => (ct.shape[axis] === 0 ? 0 : start));
    const after = x.shape.map((extent, axis) => extent - (before[axis] ?? 0) - (span[axis] ?? 0));
    return { x: padWith(ct, { before, after, between: steps.map((step) => step - 1), value: 0 }) };
  },
});

interface Window {
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  readonly sizes: readonly number[];
}

/**
 * `slice` as its row has it, skipped where it changes nothing.
 *
 * @internal
 */
export function sliceTo(x: Tensor, window: Window): Tensor {
  return sameShape(x.shape, window.sizes) && window.starts.every((start) => start === 0) ? x : apply(sliceOp, { x }, window);
}

/** Part of one axis, as in Python's `start:end:step`. */
export interface SliceRange {
  /** First index; negative ones count from the end. The first element when left out, or the last if `step` is negative. */
  readonly start?: number;
  /** Index to stop before; negative ones count from the end. When left out, everything up to the edge. */
  readonly end?: number;
  /** 1 when left out; negative steps walk backwards. Not 0. */
  readonly step?: number;
}

/**
 * Part of a tensor: one range per axis, first axis first; null, and axes without a range, are kept whole.
 * Ranges that reach over an edge are cut there, as in Python and NumPy. Costs nothing.
 *
 * Example: `slice(x, [{ start: 1 }, null, { end: -1, step: 2 }])` is x[1:, :, :-1:2].
 *
 * @throws ArgumentError if there are more ranges than axes, or a step is 0.
 */
export function slice(x: Tensor, ranges: readonly (SliceRange | null)[]): Tensor {
  if (ranges.length > x.rank) {
    throw new ArgumentError("argument/slice", `${ranges.length} ranges are more than the ${x.rank} axes`, {
      subject: "slice",
      facts: { x: String(x) },
    });
  }
  const spans = x.shape.map((extent, axis) => resolveRange(ranges[axis] ?? {}, extent));
  const backwards = spans.flatMap(({ reversed }, axis) => (reversed ? [axis] : []));
  return sliceTo(backwards.length === 0 ? x : flip(x, backwards), {
    starts: spans.map(({ start }) => start),
    steps: spans.map(({ step }) => step),
    sizes: spans.map(({ size }) => size),
  });
}

/**
 * `length` elements of one axis from `start` on, which may be negative to count from the end.
 *
 * @throws ArgumentError for an axis the tensor does not have; ShapeError if the axis is too short.
 */
export function narrow(x: Tensor, axis: number, start: number, length: number): Tensor {
  const along = resolveAxis("narrow", x, axis);
  const from = start < 0 ? start + (x.shape[along] ?? 0) : start;
  return sliceTo(x, {
    starts: x.shape.map((_, i) => (i === along ? from : 0)),
    steps: x.shape.map(() => 1),
    sizes: x.shape.with(along, length),
  });
}

/**
 * One index of one axis, which the result no longer has; negative indices count from the end.
 *
 * @throws ArgumentError for an axis the tensor does not have; ShapeError for an index outside it.
 */
export function select(x: Tensor, axis: number, index: number): Tensor {
  const along = resolveAxis("select", x, axis);
  return squeeze(narrow(x, along, index, 1), along);
}

interface Span {
  readonly start: number;
  readonly step: number;
  readonly size: number;
  /** The start and step are those of the reversed axis. */
  readonly reversed: boolean;
}

function resolveRange({ start, end, step = 1 }: SliceRange, extent: number): Span {
  if (!Number.isInteger(step) || step === 0)
    throw new ArgumentError("argument/slice", `a step of ${step} leads nowhere`, {
      subject: "slice",
      hint: "use a whole number other than 0",
    });
  const reversed = step < 0;
  const fromEnd = (index: number): number =>
    Math.min(Math.max(index < 0 ? index + extent : index, reversed ? -1 : 0), reversed ? extent - 1 : extent);
  const first = start === undefined ? (reversed ? extent - 1 : 0) : fromEnd(start);
  const stop = end === undefined ? (reversed ? -1 : extent) : fromEnd(end);
  const size = Math.max(0, Math.ceil((stop - first) / step));
  return { start: size === 0 ? 0 : reversed ? extent - 1 - first : first, step: Math.abs(step), size, reversed };
}
