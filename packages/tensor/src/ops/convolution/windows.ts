import type { Tensor } from "../../tensor.ts";
import { stack } from "../view/concat.ts";
import { sliceTo } from "../view/slice.ts";

/** Windows along one axis: `taps` elements `dilation` apart, `count` windows `stride` apart. */
interface WindowsAlong {
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly count: number;
}

/**
 * An axis as windows and taps: y[..., i, p, ...] = x[..., i * stride + p * dilation, ...]. A stack of slices, so the gradient
 * is a sum of slices.
 *
 * Shapes: the axis becomes two, [count, taps].
 *
 * @internal
 */
export function windowsAlong(x: Tensor, axis: number, { taps, stride, dilation, count }: WindowsAlong): Tensor {
  const slices = Array.from({ length: taps }, (_, tap) =>
    sliceTo(x, {
      starts: x.shape.map((_, i) => (i === axis ? tap * dilation : 0)),
      steps: x.shape.map((_, i) => (i === axis ? stride : 1)),
      sizes: x.shape.with(axis, count),
    }),
  );
  return stack(slices, { axis: axis + 1 });
}
