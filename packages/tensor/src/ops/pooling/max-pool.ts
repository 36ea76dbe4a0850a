import { apply } from "../../op/apply.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { PerAxis } from "../convolution/per-axis.ts";
import { iota } from "../source/iota.ts";
import { reshape } from "../view/reshape.ts";
import { broadcastTo } from "../view/expand.ts";
import { maxPool2dOp, placesOfMaxima, type PooledMaximum } from "./max-pool2d.ts";
import { type PoolNdOptions, poolInPasses } from "./passes.ts";

export interface MaxPoolNdOptions extends PoolNdOptions {
  /** Distance between the elements of a window; 1 when left out. */
  readonly dilation?: PerAxis;
}

/**
 * The largest value in each window of `kernel` elements. Padding never wins. The first of equal values takes the gradient.
 *
 * Shapes: `x` [n, c, l], result [n, c, ol] with ol = floor((l + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1, or ceil
 * of the quotient in `ceilMode`.
 *
 * @throws ShapeError if a window does not fit, or padding is more than half the kernel.
 */
export function maxPool1d(x: Tensor, kernel: PerAxis, options: MaxPoolNdOptions = {}): Tensor {
  return maxPool("maxPool1d", 1, x, kernel, options);
}

/**
 * The largest value in each window of `kernel` voxels. Padding never wins. The first of equal values takes the gradient.
 *
 * Shapes: `x` [n, c, d, h, w], result [n, c, od, oh, ow], sizes as those of `maxPool1d`.
 *
 * @throws ShapeError if a window does not fit, or padding is more than half the kernel.
 */
export function maxPool3d(x: Tensor, kernel: PerAxis, options: MaxPoolNdOptions = {}): Tensor {
  return maxPool("maxPool3d", 3, x, kernel, options);
}

/**
 * `maxPool1d` with the position of every window's winner, which `maxUnpool1d` takes.
 *
 * @throws ShapeError if a window does not fit, or padding is more than half the kernel.
 */
export function maxPool1dWithIndices(x: Tensor, kernel: PerAxis, options: MaxPoolNdOptions = {}): PooledMaximum {
  return { values: maxPool1d(x, kernel, options), indices: placesIn("maxPool1d", 1, x, kernel, options) };
}

/**
 * `maxPool3d` with the position (d * height + h) * width + w of every window's winner, which `maxUnpool3d` takes.
 *
 * @throws ShapeError if a window does not fit, or padding is more than half the kernel.
 */
export function maxPool3dWithIndices(x: Tensor, kernel: PerAxis, options: MaxPoolNdOptions = {}): PooledMaximum {
  return { values: maxPool3d(x, kernel, options), indices: placesIn("maxPool3d", 3, x, kernel, options) };
}

function maxPool(subject: string, count: 1 | 3, x: Tensor, kernel: PerAxis, options: MaxPoolNdOptions): Tensor {
  const [y = x] = poolInPasses(subject, count, [x], kernel, options, ([image = x], attrs) => [apply(maxPool2dOp, { x: image }, attrs)]);
  return y;
}

function placesIn(subject: string, count: 1 | 3, x: Tensor, kernel: PerAxis, options: MaxPoolNdOptions): Tensor {
  const spatial = x.shape.slice(2);
  const places = broadcastTo(reshape(iota([sizeOf(spatial)], 0), spatial), x.shape);
  const [, indices = places] = poolInPasses(subject, count, [x, places], kernel, options, ([image = x, place = places], attrs) => [
    apply(maxPool2dOp, { x: image }, attrs),
    placesOfMaxima(image, place, attrs),
  ]);
  return indices;
}
