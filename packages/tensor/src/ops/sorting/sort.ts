import { isFloat } from "../../dtype.ts";
import { ArgumentError } from "../../errors.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { gather } from "../indexing/gather.ts";
import { cast } from "../pointwise/cast.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { stopGradient } from "../view/identity.ts";
import { moveAxis } from "../view/permute.ts";
import { reshape } from "../view/reshape.ts";
import { narrow } from "../view/slice.ts";
import { orderOfRows } from "./argsort.ts";
import { selectLargest } from "./select.ts";

/** So many of an axis are found one by one: each takes a pass, and a sort takes many. */
const mostSelected = 8;
export interface SortOptions {
  /** The last when left out; negative ones count from the last. */
  readonly axis?: number;
  /** Largest first; false when left out. */
  readonly descending?: boolean;
}

/** Values in order, and where along the axis they were, in int32. */
export interface Sorted {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/**
 * The positions that put an axis in order, in int32: `gather(x, argsort(x, { axis }), { axis })` is sorted. Equal values keep
 * their order, in both directions; a NaN is larger than everything.
 *
 * Shapes: the result has the shape of `x`.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function argsort(x: Tensor, { axis = -1, descending = false }: SortOptions = {}): Tensor {
  const along = resolveAxis("argsort", x, axis);
  const last = moveAxis(stopGradient(x), along, -1);
  const values = isFloat(x.dtype) ? last : cast(last, "int32");
  const order = orderOfRows(reshape(values, [sizeOf(last.shape.slice(0, -1)), x.shape[along] ?? 1]), descending);
  return moveAxis(reshape(order, last.shape), -1, along);
}

/**
 * An axis in order, smallest first, with the positions the values came from. Equal values keep their order; a NaN is
 * larger than everything. Gradients go back to where each value came from.
 *
 * Shapes: both results have the shape of `x`.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function sort(x: Tensor, options: SortOptions = {}): Sorted {
  const indices = argsort(x, options);
  return { values: x.size === 0 ? x : gather(x, indices, { axis: options.axis ?? -1 }), indices };
}

export interface TopkOptions {
  /** The last when left out; negative ones count from the last. */
  readonly axis?: number;
  /** Takes the largest (true, the default) or the smallest. */
  readonly largest?: boolean;
}

/**
 * The `k` largest values of an axis, the largest first, with their positions; of equal ones the first.
 * Gradients go back to where each value came from.
 *
 * Shapes: the axis has `k` elements in both results.
 *
 * @throws ArgumentError if the axis has fewer than `k` elements, or the tensor lacks the axis.
 */
export function topk(x: Tensor, k: number, { axis = -1, largest = true }: TopkOptions = {}): Sorted {
  const along = resolveAxis("topk", x, axis);
  const extent = x.shape[along] ?? 1;
  if (!Number.isInteger(k) || k < 0 || k > extent) {
    throw new ArgumentError("argument/top-k", `${k} values cannot be taken of ${extent}`, {
      subject: "topk",
      facts: { x: String(x), axis: along },
    });
  }
  const indices =
    largest && k > 0 && k <= mostSelected
      ? selectLargest(stopGradient(x.dtype === "bool" ? cast(x, "uint8") : x), k, along)
      : narrow(argsort(x, { axis: along, descending: largest }), along, 0, k);
  return { values: x.size === 0 ? narrow(x, along, 0, k) : gather(x, indices, { axis: along }), indices };
}
