import { ArgumentError, ShapeError } from "../../errors.ts";
import { vjp } from "../../grad.ts";
import { type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { conv2dInputGrad } from "../library/conv2d.ts";
import { add } from "../pointwise/arithmetic.ts";
import { zeros } from "../source/full.ts";
import { padWith } from "../view/pad.ts";
import { reshape } from "../view/reshape.ts";
import { squeeze, unsqueeze } from "../view/squeeze.ts";
import { convolveVolume } from "./conv3d.ts";
import { type PerAxis, perAxis } from "./per-axis.ts";

export interface ConvTransposeOptions {
  /** Added to every place of its output channel: [o]. */
  readonly bias?: Tensor | null;
  /** Steps of the convolution this is the transpose of, so how far the inputs lie apart in the output; 1 when left out. */
  readonly stride?: PerAxis;
  /** What is cut off each side of the output; 0 when left out. */
  readonly padding?: PerAxis;
  /** What is added at the end of the output, less than stride or dilation; 0 when left out. */
  readonly outputPadding?: PerAxis;
  /** Distance between kernel taps; 1 when left out. */
  readonly dilation?: PerAxis;
  /** 1 when left out. */
  readonly groups?: number;
}

/** Sizes and zeros of the convolution that is transposed. */
interface Transposed {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly groups: number;
  /** The output: [n, o, ...sizes], without what is added as zeros alone. */
  readonly shape: Shape;
}

/**
 * The transpose of `conv1d`, its gradient with respect to the input: y[n, o, i * stride + p * dilation - padding] sums
 * x[n, c, i] * weight[c, o, p].
 *
 * Shapes: `x` [n, c, l], `weight` [c, o / groups, k], result [n, o, (l - 1) * stride - 2 * padding + dilation * (k - 1) + outputPadding + 1].
 *
 * @throws ShapeError if channels, groups or sizes do not fit; ArgumentError if the output padding is too large.
 */
export function convTranspose1d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return transposed("convTranspose1d", 1, x, weight, options, ({ stride, dilation, before, after, groups, shape }) => {
    const [n = 0, o = 0, size = 0] = shape;
    const attrs = { stride: [1, ...stride], dilation: [1, ...dilation], padding: [0, ...before, 0, ...after], groups };
    return squeeze(conv2dInputGrad(unsqueeze(x, 2), unsqueeze(weight, 2), [n, o, 1, size], attrs), 2);
  });
}

/**
 * The transpose of `conv2d`, its gradient with respect to the input: y[n, o, i * stride + p * dilation - padding, j * ...] sums
 * x[n, c, i, j] * weight[c, o, p, q].
 *
 * Shapes: `x` [n, c, h, w], `weight` [c, o / groups, kh, kw], result [n, o, oh, ow] with
 * oh = (h - 1) * stride - 2 * padding + dilation * (kh - 1) + outputPadding + 1.
 *
 * @throws ShapeError if channels, groups or sizes do not fit; ArgumentError if the output padding is too large.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return transposed("convTranspose2d", 2, x, weight, options, ({ stride, dilation, before, after, groups, shape }) =>
    conv2dInputGrad(x, weight, shape, { stride, dilation, padding: [...before, ...after], groups }),
  );
}

/**
 * The transpose of `conv3d`, its gradient with respect to the input.
 *
 * Shapes: `x` [n, c, d, h, w], `weight` [c, o / groups, kd, kh, kw], result [n, o, od, oh, ow] with
 * od = (d - 1) * stride - 2 * padding + dilation * (kd - 1) + outputPadding + 1.
 *
 * @throws ShapeError if channels, groups or sizes do not fit; ArgumentError if the output padding is too large.
 */
export function convTranspose3d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return transposed("convTranspose3d", 3, x, weight, options, ({ shape, ...convolution }) => {
    const { pullback } = vjp((volume) => convolveVolume(volume, weight, convolution), [zeros(shape)]);
    return pullback(x)[0] ?? zeros(shape);
  });
}

function transposed(
  subject: string,
  count: number,
  x: Tensor,
  weight: Tensor,
  { bias = null, stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 }: ConvTransposeOptions,
  pull: (convolution: Transposed) => Tensor,
): Tensor {
  const facts = { x: String(x), weight: String(weight) };
  if (x.rank !== 2 + count || weight.rank !== 2 + count || x.shape[1] !== weight.shape[0]) {
    throw new ShapeError(
      "shape/conv-transpose",
      `needs an input [n, c, ...] and a weight [c, o / groups, ...] of ${count} spatial axes each`,
      {
        subject,
        facts,
      },
    );
  }
  const steps = perAxis(subject, stride, count);
  const gaps = perAxis(subject, dilation, count);
  const before = perAxis(subject, padding, count);
  const extra = perAxis(subject, outputPadding, count);
  if (extra.some((more, axis) => more < 0 || more >= Math.max(steps[axis] ?? 1, gaps[axis] ?? 1))) {
    throw new ArgumentError("argument/output-padding", `[${extra.join(", ")}] is not less than stride or dilation`, { subject, facts });
  }
  // What is added at the end is first taken from what would be cut off there; the rest lies beyond every window.
  const after = before.map((cut, axis) => Math.max(0, cut - (extra[axis] ?? 0)));
  const beyond = before.map((cut, axis) => Math.max(0, (extra[axis] ?? 0) - cut));
  const sizes = before.map((cut, axis) => {
    const reach = (gaps[axis] ?? 1) * ((weight.shape[2 + axis] ?? 1) - 1) + 1;
    return ((x.shape[2 + axis] ?? 1) - 1) * (steps[axis] ?? 1) + reach - cut - (after[axis] ?? 0);
  });
  if (sizes.some((size) => size < 1))
    throw new ShapeError("shape/conv-too-small", `padding leaves an output of [${sizes.join(", ")}]`, { subject, facts });
  const shape = [x.shape[0] ?? 0, (weight.shape[1] ?? 0) * groups, ...sizes];
  const y = pull({ stride: steps, dilation: gaps, before, after, groups, shape });
  const none = shape.map(() => 0);
  const grown = padWith(y, { before: none, after: [0, 0, ...beyond], between: none, value: 0 });
  return bias === null ? grown : add(grown, reshape(bias, [bias.size, ...sizes.map(() => 1)]));
}
