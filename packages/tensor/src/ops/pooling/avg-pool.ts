import { apply } from "../../op/apply.ts";
import type { Tensor } from "../../tensor.ts";
import type { PerAxis } from "../convolution/per-axis.ts";
import { div } from "../pointwise/arithmetic.ts";
import { avgPool2dOp } from "./avg-pool2d.ts";
import { type PoolNdOptions, poolInPasses } from "./passes.ts";

export interface AvgPoolNdOptions extends PoolNdOptions {
  /** Whether padding counts as elements of the average; true when left out. What ceilMode adds beyond it never counts. */
  readonly countIncludePad?: boolean;
  /** Divides every window's sum by this instead of its number of elements. */
  readonly divisorOverride?: number;
}

/**
 * The mean of each window of `kernel` elements.
 *
 * Shapes: `x` [n, c, l], result [n, c, ol] with ol = floor((l + 2 * padding - kernel) / stride) + 1, or ceil of the quotient in
 * `ceilMode`.
 *
 * @throws ShapeError if a window does not fit, or padding is more than half the kernel.
 */
export function avgPool1d(x: Tensor, kernel: PerAxis, options: AvgPoolNdOptions = {}): Tensor {
  return avgPool("avgPool1d", 1, x, kernel, options);
}

/**
 * The mean of each window of `kernel` voxels.
 *
 * Shapes: `x` [n, c, d, h, w], result [n, c, od, oh, ow], sizes as those of `avgPool1d`.
 *
 * @throws ShapeError if a window does not fit, or padding is more than half the kernel.
 */
export function avgPool3d(x: Tensor, kernel: PerAxis, options: AvgPoolNdOptions = {}): Tensor {
  return avgPool("avgPool3d", 3, x, kernel, options);
}

/** What a window counts is a product over its axes, so a mean of means is the mean. */
function avgPool(
  subject: string,
  count: 1 | 3,
  x: Tensor,
  kernel: PerAxis,
  { countIncludePad = true, divisorOverride = 0, ...options }: AvgPoolNdOptions,
): Tensor {
  const [y = x] = poolInPasses(subject, count, [x], kernel, options, ([image = x], attrs) => [
    apply(avgPool2dOp, { x: image }, { ...attrs, countIncludePad, divisor: divisorOverride === 0 ? 0 : 1 }),
  ]);
  return divisorOverride === 0 ? y : div(y, divisorOverride);
}
