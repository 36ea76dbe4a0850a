import { ShapeError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { type PerAxis, perAxis } from "../convolution/per-axis.ts";
import { scatter } from "../indexing/scatter.ts";
import { zeros } from "../source/full.ts";
import { reshape } from "../view/reshape.ts";

export interface MaxUnpoolOptions {
  /** The pooling's; the kernel's size when left out. */
  readonly stride?: PerAxis;
  /** The pooling's; 0 when left out. */
  readonly padding?: PerAxis;
  /** Spatial sizes of the result; when left out, the smallest that pool to these windows: (size - 1) * stride - 2 * padding + kernel. */
  readonly outputSize?: readonly number[];
}

/**
 * The partial inverse of `maxPool1dWithIndices`: every value where its index says, zeros elsewhere. Of windows that share their
 * winner, the last one's value stays.
 *
 * Shapes: `x` and `indices` [n, c, l], result [n, c, ol].
 *
 * @throws ShapeError if the shapes do not fit; DTypeError if the indices are not integers.
 */
export function maxUnpool1d(x: Tensor, indices: Tensor, kernel: PerAxis, options: MaxUnpoolOptions = {}): Tensor {
  return unpool("maxUnpool1d", 1, x, indices, kernel, options);
}

/**
 * The partial inverse of `maxPool2dWithIndices`, as `maxUnpool1d`.
 *
 * Shapes: `x` and `indices` [n, c, h, w], result [n, c, oh, ow].
 *
 * @throws ShapeError if the shapes do not fit; DTypeError if the indices are not integers.
 */
export function maxUnpool2d(x: Tensor, indices: Tensor, kernel: PerAxis, options: MaxUnpoolOptions = {}): Tensor {
  return unpool("maxUnpool2d", 2, x, indices, kernel, options);
}

/**
 * The partial inverse of `maxPool3dWithIndices`, as `maxUnpool1d`.
 *
 * Shapes: `x` and `indices` [n, c, d, h, w], result [n, c, od, oh, ow].
 *
 * @throws ShapeError if the shapes do not fit; DTypeError if the indices are not integers.
 */
export function maxUnpool3d(x: Tensor, indices: Tensor, kernel: PerAxis, options: MaxUnpoolOptions = {}): Tensor {
  return unpool("maxUnpool3d", 3, x, indices, kernel, options);
}

function unpool(
  subject: string,
  count: number,
  x: Tensor,
  indices: Tensor,
  kernel: PerAxis,
  { stride = kernel, padding = 0, outputSize }: MaxUnpoolOptions,
): Tensor {
  const [sizes, steps, pads] = [kernel, stride, padding].map((value) => perAxis(subject, value, count));
  const smallest = x.shape.slice(2).map((size, axis) => (size - 1) * (steps?.[axis] ?? 1) - 2 * (pads?.[axis] ?? 0) + (sizes?.[axis] ?? 1));
  const target: Shape = outputSize ?? smallest;
  if (x.rank !== 2 + count || x.shape.join() !== indices.shape.join() || target.length !== count || target.some((size) => size < 1)) {
    throw new ShapeError("shape/unpool", `values and indices must have one shape [n, c, ...] of ${count} spatial axes, and so the result`, {
      subject,
      facts: { x: String(x), indices: String(indices), outputSize: target },
    });
  }
  const [n = 0, c = 0, ...spatial] = x.shape;
  const flat = [n, c, sizeOf(spatial)];
  const y = scatter(zeros([n, c, sizeOf(target)]), reshape(indices, flat), reshape(x, flat), { axis: 2 });
  return reshape(y, [n, c, ...target]);
}
