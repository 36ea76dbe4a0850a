import type { Tensor } from "../../tensor.ts";
import { div, sub } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { sqrt, square } from "../pointwise/power.ts";
import { broadcastTo } from "../view/expand.ts";
import { reducedCount, type ReduceOptions, resolveAxes } from "./axes.ts";
import { mean, sum } from "./sum.ts";

export interface VarianceOptions extends ReduceOptions {
  /** Subtracted from the count that the sum of squares is divided by: 1 (the default) for a sample, 0 for a whole population. */
  readonly correction?: number;
}

/**
 * Variance over axes: Σ (x - mean)^2 / (n - correction), in float32, in two passes. NaN where n <= correction.
 */
export function variance(x: Tensor, { correction = 1, ...options }: VarianceOptions = {}): Tensor {
  const values = cast(x, "float32");
  const axis = resolveAxes("variance", x, options.axis);
  const centred = sub(values, broadcastTo(mean(values, { axis, keepDims: true }), x.shape));
  const freedom = reducedCount(x.shape, axis) - correction;
  return div(sum(square(centred), { ...options, axis }), freedom > 0 ? freedom : Number.NaN);
}

/** Standard deviation over axes: the square root of `variance`. */
export function std(x: Tensor, options: VarianceOptions = {}): Tensor {
  return sqrt(variance(x, options));
}
