import { ArgumentError } from "../../errors.ts";
import { sizeOf } from "../../shape.ts";
import { fromHost, type Tensor } from "../../tensor.ts";
import { indexSelect } from "../indexing/index-select.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { concat } from "./concat.ts";
import { expand } from "./expand.ts";
import { reshape } from "./reshape.ts";
import { narrow } from "./slice.ts";
import { unsqueeze } from "./squeeze.ts";

/**
 * The tensor laid side by side with itself `counts[i]` times along axis i. More counts than axes add leading axes.
 *
 * Shapes: [d0, d1] with counts [a, b] gives [a * d0, b * d1].
 *
 * @throws ArgumentError if there are fewer counts than axes, or one is not a whole number from 0 on.
 */
export function repeat(x: Tensor, counts: readonly number[]): Tensor {
  if (counts.length < x.rank || counts.some((count) => !isCount(count))) {
    throw new ArgumentError("argument/repeat", `[${counts.join(", ")}] does not say how often each of ${x.rank} axes is repeated`, {
      subject: "repeat",
      facts: { x: String(x) },
      hint: "give one whole number per axis, first axis first",
    });
  }
  const extents = [...counts.slice(x.rank).map(() => 1), ...x.shape];
  const apart = reshape(
    x,
    extents.flatMap((extent) => [1, extent]),
  );
  const repeated = expand(
    apart,
    extents.flatMap((extent, axis) => [counts[axis] ?? 1, extent]),
  );
  return reshape(
    repeated,
    extents.map((extent, axis) => extent * (counts[axis] ?? 1)),
  );
}

/**
 * `repeat` in which missing counts are ones for the first axes, as in NumPy.
 *
 * @throws ArgumentError if a count is not a whole number from 0 on.
 */
export function tile(x: Tensor, counts: readonly number[]): Tensor {
  return repeat(x, [...x.shape.slice(counts.length).map(() => 1), ...counts]);
}

export interface RepeatInterleaveOptions {
  /** The axis whose elements are repeated; left out, the tensor is flattened first. */
  readonly axis?: number;
}

/**
 * Every element of an axis repeated in place: [a, b] twice is [a, a, b, b]. A list has a count for each element.
 *
 * @throws ArgumentError for an axis the tensor does not have, or counts that are not whole numbers from 0 on, one or one per element.
 */
export function repeatInterleave(x: Tensor, counts: number | readonly number[], { axis }: RepeatInterleaveOptions = {}): Tensor {
  if (axis === undefined) return repeatInterleave(reshape(x, [x.size]), counts, { axis: 0 });
  const along = resolveAxis("repeatInterleave", x, axis);
  const extent = x.shape[along] ?? 1;
  const list = typeof counts === "number" ? [counts] : counts;
  if (list.some((count) => !isCount(count)) || (typeof counts !== "number" && counts.length !== extent)) {
    throw new ArgumentError("argument/repeat", `[${list.join(", ")}] does not say how often ${extent} elements are repeated`, {
      subject: "repeatInterleave",
      facts: { x: String(x), axis: along },
      hint: "give one whole number, or one per element",
    });
  }
  if (typeof counts !== "number") {
    const places = Int32Array.from(counts.flatMap((count, place) => Array.from({ length: count }, () => place)));
    return indexSelect(x, fromHost([places.length], "int32", places), { axis: along });
  }
  const apart = unsqueeze(x, along + 1);
  return reshape(expand(apart, apart.shape.with(along + 1, counts)), x.shape.with(along, extent * counts));
}

/**
 * Elements moved `shift` places along axes, those pushed over the end coming in at the start; backwards if negative.
 * Without an axis the tensor is rolled as if flat.
 *
 * @throws ArgumentError for an axis the tensor does not have, or unless there is one whole shift per axis.
 */
export function roll(x: Tensor, shift: number | readonly number[], axis?: number | readonly number[]): Tensor {
  const shifts = typeof shift === "number" ? [shift] : shift;
  if (axis === undefined && shifts.length === 1) return reshape(roll(reshape(x, [x.size]), shifts, 0), x.shape);
  const axes = axis === undefined ? [] : typeof axis === "number" ? [axis] : axis;
  if (axes.length !== shifts.length || !shifts.every(Number.isInteger)) {
    throw new ArgumentError("argument/roll", `shifts of [${shifts.join(", ")}] do not go with axes [${axes.join(", ")}]`, {
      subject: "roll",
      hint: "give one whole number per axis",
    });
  }
  return axes.reduce((rolled, each, i) => rollAxis(rolled, shifts[i] ?? 0, resolveAxis("roll", x, each)), x);
}

function rollAxis(x: Tensor, shift: number, axis: number): Tensor {
  const extent = x.shape[axis] ?? 1;
  const from = extent === 0 ? 0 : ((-shift % extent) + extent) % extent;
  if (from === 0 || sizeOf(x.shape) === 0) return x;
  return concat([narrow(x, axis, from, extent - from), narrow(x, axis, 0, from)], { axis });
}

function isCount(count: number): boolean {
  return Number.isInteger(count) && count >= 0;
}
