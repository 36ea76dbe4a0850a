import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { type PerAxis, perAxis } from "../convolution/per-axis.ts";
import { mul } from "../pointwise/arithmetic.ts";
import { equal } from "../pointwise/comparison.ts";
import { pow } from "../pointwise/power.ts";
import { abs } from "../pointwise/rounding.ts";
import { where } from "../pointwise/where.ts";
import { avgPool1d, avgPool3d } from "./avg-pool.ts";
import { avgPool2d } from "./avg-pool2d.ts";
import type { PoolNdOptions } from "./passes.ts";
import { pair } from "../library/conv2d.ts";

/** Pooling by a norm has no padding. */
export type LpPoolOptions = Omit<PoolNdOptions, "padding">;

/**
 * The norm of each window: (Σ |x|^p)^(1/p). A window that `ceilMode` lets reach over the edge counts as if it were full, as in
 * PyTorch. The gradient of a window of zeros is 0.
 *
 * Shapes: `x` [n, c, l], result [n, c, ol], sizes as those of `avgPool1d`.
 *
 * @throws ArgumentError unless p is positive and finite; ShapeError if a window does not fit.
 */
export function lpPool1d(x: Tensor, p: number, kernel: PerAxis, options: LpPoolOptions = {}): Tensor {
  return byNorm("lpPool1d", 1, x, p, kernel, (powers) => avgPool1d(powers, kernel, options));
}

/**
 * The norm of each window of pixels, as `lpPool1d`.
 *
 * Shapes: `x` [n, c, h, w], result [n, c, oh, ow].
 *
 * @throws ArgumentError unless p is positive and finite; ShapeError if a window does not fit.
 */
export function lpPool2d(x: Tensor, p: number, kernel: PerAxis, { stride = kernel, ...options }: LpPoolOptions = {}): Tensor {
  return byNorm("lpPool2d", 2, x, p, kernel, (powers) => avgPool2d(powers, pair(kernel), { ...options, stride: pair(stride) }));
}

/**
 * The norm of each window of voxels, as `lpPool1d`.
 *
 * Shapes: `x` [n, c, d, h, w], result [n, c, od, oh, ow].
 *
 * @throws ArgumentError unless p is positive and finite; ShapeError if a window does not fit.
 */
export function lpPool3d(x: Tensor, p: number, kernel: PerAxis, options: LpPoolOptions = {}): Tensor {
  return byNorm("lpPool3d", 3, x, p, kernel, (powers) => avgPool3d(powers, kernel, options));
}

function byNorm(subject: string, count: number, x: Tensor, p: number, kernel: PerAxis, mean: (powers: Tensor) => Tensor): Tensor {
  if (!(p > 0 && Number.isFinite(p))) throw new ArgumentError("argument/norm", `p must be positive and finite, not ${p}`, { subject });
  const size = perAxis(subject, kernel, count).reduce((a, b) => a * b, 1);
  const total = mul(mean(pow(abs(x), p)), size);
  const zero = equal(total, 0);
  // At 0 the root's slope is infinite: it is taken of 1 there, and the result put back.
  return where(zero, 0, pow(where(zero, 1, total), 1 / p));
}
