import type { Tensor } from "../../tensor.ts";
import { add, mul, neg, sub } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { isFinite } from "../pointwise/classify.ts";
import { exp, log } from "../pointwise/exponential.ts";
import { reciprocal } from "../pointwise/power.ts";
import { where } from "../pointwise/where.ts";
import { full } from "../source/full.ts";
import { stopGradient } from "../view/identity.ts";
import { squeeze } from "../view/squeeze.ts";
import { keptShape, reducedCount, type ReduceOptions, resolveAxes, resolveAxis } from "./axes.ts";
import { max } from "./extremes.ts";
import { sum } from "./sum.ts";

export interface SoftmaxOptions {
  /** The last when left out; negative ones count from the last. */
  readonly axis?: number;
}

/**
 * Positive numbers that add up to 1 along an axis: exp(x_i) / Σ exp(x_j), computed from x - max(x) so that nothing overflows.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function softmax(x: Tensor, { axis = -1 }: SoftmaxOptions = {}): Tensor {
  const along = resolveAxis("softmax", x, axis);
  if (x.size === 0) return cast(x, "float32");
  const powers = exp(belowMax(cast(x, "float32"), along));
  // One division for each sum: a product with its reciprocal is rounded once more, and costs a fifth.
  return mul(powers, reciprocal(sum(powers, { axis: along, keepDims: true })));
}

/**
 * The logarithm of `softmax`, precise where softmax would round to 0: x_i - max - log(Σ exp(x_j - max)).
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function logSoftmax(x: Tensor, { axis = -1 }: SoftmaxOptions = {}): Tensor {
  const along = resolveAxis("logSoftmax", x, axis);
  if (x.size === 0) return cast(x, "float32");
  const shifted = belowMax(cast(x, "float32"), along);
  return sub(shifted, log(sum(exp(shifted), { axis: along, keepDims: true })));
}

/**
 * `softmax` of -x: the smallest gets the most.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function softmin(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  return softmax(neg(x), options);
}

/**
 * log(Σ exp(x)) over axes, without overflow. Of nothing it is -Infinity, as it is where all of x are.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function logSumExp(x: Tensor, { axis, keepDims = false }: ReduceOptions = {}): Tensor {
  const values = cast(x, "float32");
  const axes = resolveAxes("logSumExp", x, axis);
  const kept = keptShape(x.shape, axes);
  const result = reducedCount(x.shape, axes) === 0 ? full(kept, -Infinity) : shiftedLogSumExp(values, axes);
  return keepDims ? result : squeeze(result, axes);
}

function shiftedLogSumExp(x: Tensor, axes: readonly number[]): Tensor {
  const largest = stopGradient(max(x, { axis: axes, keepDims: true }));
  const shift = where(isFinite(largest), largest, 0);
  return add(log(sum(exp(sub(x, shift)), { axis: axes, keepDims: true })), shift);
}

/** The shift cancels in the result, so no gradient has to flow through it. */
function belowMax(x: Tensor, axis: number): Tensor {
  return sub(x, stopGradient(max(x, { axis, keepDims: true })));
}
