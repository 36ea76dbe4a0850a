import { ShapeError } from "../../errors.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { type PerAxis, perAxis } from "../convolution/per-axis.ts";
import { reshape } from "../view/reshape.ts";
import type { Pooling } from "./geometry.ts";

/** How windows over any number of spatial axes lie. */
export interface PoolNdOptions {
  /** Steps between windows; the kernel's size when left out. */
  readonly stride?: PerAxis;
  /** Added on each side, at most half the kernel; 0 when left out. */
  readonly padding?: PerAxis;
  /** Rounds the output size up instead of down; false when left out. */
  readonly ceilMode?: boolean;
}

/** One pass of 2-D pooling: tensors seen as [n, c, h, w] in, tensors of the windows out. */
type Pool = (images: readonly Tensor[], attrs: Pooling) => readonly Tensor[];

/**
 * Pooling over one or three axes as passes of 2-D pooling: a line is an image of height 1, and a volume is pooled in
 * its planes and then along its depth, which makes the same windows. All tensors have one shape.
 *
 * @throws ShapeError if they have another number of spatial axes; ArgumentError for lists of another length.
 * @internal
 */
export function poolInPasses(
  subject: string,
  count: 1 | 3,
  xs: readonly Tensor[],
  kernel: PerAxis,
  { stride = kernel, padding = 0, dilation = 1, ceilMode = false }: PoolNdOptions & { readonly dilation?: PerAxis },
  pool: Pool,
): readonly Tensor[] {
  const shape = xs[0]?.shape ?? [];
  if (shape.length !== 2 + count) {
    throw new ShapeError("shape/pool-rank", `needs an input [n, c, ...] of ${count} spatial axes`, {
      subject,
      facts: { x: String(xs[0]) },
    });
  }
  const all = {
    kernel: perAxis(subject, kernel, count),
    stride: perAxis(subject, stride, count),
    padding: perAxis(subject, padding, count),
    dilation: perAxis(subject, dilation, count),
  };
  /** The windows over two of the axes; null is an axis that is only carried along. */
  const over = (...axes: readonly (number | null)[]): Pooling => {
    const pick = (values: readonly number[], neutral: number): number[] =>
      axes.map((axis) => (axis === null ? neutral : (values[axis] ?? neutral)));
    return {
      kernel: pick(all.kernel, 1),
      stride: pick(all.stride, 1),
      padding: pick(all.padding, 0),
      dilation: pick(all.dilation, 1),
      ceilMode,
    };
  };
  const [n = 0, c = 0, first = 0, ...plane] = shape;
  if (count === 1) {
    const lines = pool(seenAs(xs, [n, c, 1, first]), over(null, 0));
    return lines.map((y) => reshape(y, [n, c, y.shape[3] ?? 0]));
  }
  const planes = pool(seenAs(xs, [n, c * first, ...plane]), over(1, 2));
  const small = planes[0]?.shape.slice(2) ?? [];
  const columns = pool(seenAs(planes, [n, c, first, sizeOf(small)]), over(0, null));
  return columns.map((y) => reshape(y, [n, c, y.shape[2] ?? 0, ...small]));
}

function seenAs(xs: readonly Tensor[], shape: readonly number[]): readonly Tensor[] {
  return xs.map((x) => reshape(x, shape));
}
