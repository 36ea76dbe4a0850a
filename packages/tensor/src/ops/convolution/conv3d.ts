import { ShapeError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import type { Tensor } from "../../tensor.ts";
import { conv2dOp } from "../library/conv2d.ts";
import { convolvedSize } from "../library/convolution.ts";
import { add } from "../pointwise/arithmetic.ts";
import { padWith } from "../view/pad.ts";
import { permute } from "../view/permute.ts";
import { reshape } from "../view/reshape.ts";
import { type PerAxis, perAxis } from "./per-axis.ts";
import { windowsAlong } from "./windows.ts";

export interface Conv3dOptions {
  /** Added to every voxel of its output channel: [o]. */
  readonly bias?: Tensor | null;
  /** Steps along depth, height and width; 1 when left out. */
  readonly stride?: PerAxis;
  /** Zeros on each side, "same" (output size is ceil(size / stride)) or "valid" (none, the default). */
  readonly padding?: PerAxis | "same" | "valid";
  /** Distance between kernel taps; 1 when left out. */
  readonly dilation?: PerAxis;
  /** 1 when left out; the number of channels makes it depthwise. */
  readonly groups?: number;
}

/** What defines a 3-D convolution besides its tensors; `before` and `after` are the zeros around. */
interface VolumeConvolution {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly groups: number;
}

/**
 * 3-D cross-correlation: y[n, o, i, j, k] = bias[o] + Σ_{c, p, q, r} x[n, c, i * stride + p * dilation - padding, j * ..., k * ...] *
 * weight[o, c, p, q, r]. The taps along depth become channels of one 2-D convolution.
 *
 * Shapes: `x` [n, c, d, h, w], `weight` [o, c / groups, kd, kh, kw], result [n, o, od, oh, ow].
 *
 * @throws ShapeError if channels, groups or sizes do not fit; ArgumentError for lists that are not of three numbers.
 */
export function conv3d(
  x: Tensor,
  weight: Tensor,
  { bias = null, stride = 1, padding = "valid", dilation = 1, groups = 1 }: Conv3dOptions = {},
): Tensor {
  const steps = perAxis("conv3d", stride, 3);
  const spread = perAxis("conv3d", dilation, 3);
  const sums = [0, 1, 2].map((axis) => {
    if (padding !== "same") return 0;
    const [size = 1, step = 1] = [x.shape[2 + axis], steps[axis]];
    const reach = (spread[axis] ?? 1) * ((weight.shape[2 + axis] ?? 1) - 1) + 1;
    return Math.max(0, (Math.ceil(size / step) - 1) * step + reach - size);
  });
  const even = padding === "same" || padding === "valid" ? null : perAxis("conv3d", padding, 3);
  const y = convolveVolume(x, weight, {
    stride: steps,
    dilation: spread,
    before: even ?? sums.map((sum) => Math.floor(sum / 2)),
    after: even ?? sums.map((sum) => Math.ceil(sum / 2)),
    groups,
  });
  return bias === null ? y : add(y, reshape(bias, [bias.size, 1, 1, 1]));
}

/** @internal */
export function convolveVolume(x: Tensor, weight: Tensor, { stride, dilation, before, after, groups }: VolumeConvolution): Tensor {
  const [n = 0, c = 0, d = 0, h = 0, w = 0] = x.shape;
  const [o = 0, depth = 0, taps = 1, kh = 1, kw = 1] = weight.shape;
  const [front = 0, top = 0, left = 0] = before;
  const [back = 0, bottom = 0, right = 0] = after;
  const [step = 1, ...steps] = stride;
  const [gap = 1, ...gaps] = dilation;
  const refuse = (code: string, sentence: string): never => {
    throw new ShapeError(code, sentence, { subject: "conv3d", facts: { x: String(x), weight: String(weight) } });
  };
  if (x.rank !== 5 || weight.rank !== 5)
    refuse("shape/conv-rank", "needs an input [n, c, d, h, w] and a weight [o, c / groups, kd, kh, kw]");
  if (groups < 1 || depth * groups !== c)
    refuse("shape/conv-channels", `the weight expects ${depth * groups} input channels, and the input has ${c}`);
  const count = convolvedSize(d, taps, step, gap, front, back);
  if (count < 1) refuse("shape/conv-too-small", `a kernel of ${taps} planes does not fit into ${d} with padding ${front}, ${back}`);
  const padded = padWith(x, { before: [0, 0, front, 0, 0], after: [0, 0, back, 0, 0], between: [0, 0, 0, 0, 0], value: 0 });
  const planes = permute(windowsAlong(padded, 2, { taps, stride: step, dilation: gap, count }), [0, 2, 1, 3, 4, 5]);
  const y = apply(
    conv2dOp,
    { x: reshape(planes, [n * count, c * taps, h, w]), weight: reshape(weight, [o, depth * taps, kh, kw]) },
    { stride: steps, dilation: gaps, padding: [top, left, bottom, right], groups },
  );
  return permute(reshape(y, [n, count, ...y.shape.slice(1)]), [0, 2, 1, 3, 4]);
}
