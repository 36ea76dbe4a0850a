import { asFactor } from "../../autocast.ts";
import { ArgumentError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { integers } from "../../op/attr.ts";
import { defineLibrary, type Fail } from "../../op/define.ts";
import { sameShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { reshape } from "../view/reshape.ts";
import { type Convolution, convolutionAttrs, convolutionSizes } from "./convolution.ts";
import { factorsDType } from "./factors.ts";

export const conv2dOp = defineLibrary<Tensor>()({
  name: "conv2d",
  inputs: { x: "one", weight: "one" },
  attrs: convolutionAttrs,
  infer({ x, weight }, attrs, fail) {
    const dtype = factorsDType(x, weight, fail);
    const { n, o, oh, ow } = convolutionSizes(x.shape, weight.shape, attrs, fail);
    return { shape: [n, o, oh, ow], dtype };
  },
  axes: pixelAxes,
  vjp: ({ x: { x, weight }, ct, attrs }) => ({
    x: conv2dInputGrad(ct, weight, x.shape, attrs),
    weight: conv2dWeightGrad(x, ct, weight.shape, attrs),
  }),
});

export const conv2dInputGradOp = defineLibrary<Tensor>()({
  name: "conv2dInputGrad",
  inputs: { ct: "one", weight: "one" },
  attrs: { ...convolutionAttrs, inputShape: integers },
  infer({ ct, weight }, { inputShape, ...attrs }, fail) {
    const dtype = factorsDType(ct, weight, fail);
    checkCotangent(ct.shape, inputShape, weight.shape, attrs, fail);
    return { shape: inputShape, dtype };
  },
  axes: pixelAxes,
  vjp: ({ x: { ct, weight }, ct: outer, attrs: { inputShape: _, ...attrs } }) => ({
    ct: apply(conv2dOp, { x: outer, weight }, attrs),
    weight: conv2dWeightGrad(outer, ct, weight.shape, attrs),
  }),
});

export const conv2dWeightGradOp = defineLibrary<Tensor>()({
  name: "conv2dWeightGrad",
  inputs: { x: "one", ct: "one" },
  attrs: { ...convolutionAttrs, weightShape: integers },
  infer({ x, ct }, { weightShape, ...attrs }, fail) {
    const dtype = factorsDType(x, ct, fail);
    checkCotangent(ct.shape, x.shape, weightShape, attrs, fail);
    return { shape: weightShape, dtype };
  },
  vjp: ({ x: { x, ct }, ct: outer, attrs: { weightShape: _, ...attrs } }) => ({
    x: conv2dInputGrad(ct, outer, x.shape, attrs),
    ct: apply(conv2dOp, { x, weight: outer }, attrs),
  }),
});

export interface Conv2dOptions {
  /** Added to every pixel of its output channel: [o]. */
  readonly bias?: Tensor | null;
  /** Steps along height and width; 1 when left out. */
  readonly stride?: number | readonly [height: number, width: number];
  /**
   * Zeros around the input: a number, [height, width], or "same" (output size is ceil(size / stride), the odd
   * zero at the end) or "valid" (none, the default).
   */
  readonly padding?: number | readonly [height: number, width: number] | "same" | "valid";
  /** Distance between kernel taps; 1 when left out. */
  readonly dilation?: number | readonly [height: number, width: number];
  /** 1 when left out; the number of channels makes it depthwise. */
  readonly groups?: number;
}

/**
 * 2-D cross-correlation, as every framework's convolution is:
 * y[n, o, i, j] = bias[o] + Σ_{c, p, q} x[n, c, i * stride + p * dilation - padding, j * ...] * weight[o, c, p, q].
 *
 * Shapes: `x` [n, c, h, w], `weight` [o, c / groups, kh, kw], result [n, o, oh, ow]. Both are float32 or both float16, and so is the
 * result, whose sums are made in float32.
 *
 * @throws ShapeError if channels, groups or sizes do not fit.
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  { bias = null, stride = 1, padding = "valid", dilation = 1, groups = 1 }: Conv2dOptions = {},
): Tensor {
  const steps = pair(stride);
  const spread = pair(dilation);
  const attrs: Convolution = {
    stride: steps,
    dilation: spread,
    groups,
    padding: resolvePadding(padding, x.shape, weight.shape.slice(2), steps, spread),
  };
  const y = apply(conv2dOp, { x: asFactor(x), weight: asFactor(weight) }, attrs);
  return bias === null ? y : add(y, reshape(cast(bias, y.dtype), [1, bias.size, 1, 1]));
}

/**
 * The gradient of `conv2d` with respect to its input, of shape `inputShape`.
 *
 * @internal
 */
export function conv2dInputGrad(ct: Tensor, weight: Tensor, inputShape: Shape, attrs: Convolution): Tensor {
  return apply(conv2dInputGradOp, { ct, weight }, { ...attrs, inputShape });
}

/**
 * The gradient of `conv2d` with respect to its weight, of shape `weightShape`.
 *
 * @internal
 */
export function conv2dWeightGrad(x: Tensor, ct: Tensor, weightShape: Shape, attrs: Convolution): Tensor {
  return apply(conv2dWeightGradOp, { x, ct }, { ...attrs, weightShape });
}

/**
 * A number for both axes, or one for each.
 *
 * @internal
 */
export function pair(value: number | readonly number[]): readonly [number, number] {
  return typeof value === "number" ? [value, value] : [value[0] ?? 1, value[1] ?? value[0] ?? 1];
}

/**
 * Zeros at top, left, bottom, right.
 *
 * @internal
 */
export function resolvePadding(
  padding: number | readonly number[] | "same" | "valid",
  input: Shape,
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): readonly number[] {
  if (padding === "valid") return [0, 0, 0, 0];
  if (padding === "same") {
    const zeros = (axis: 0 | 1): number => {
      const size = input[2 + axis] ?? 1;
      const step = stride[axis] ?? 1;
      const reach = (dilation[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1;
      return Math.max(0, (Math.ceil(size / step) - 1) * step + reach - size);
    };
    const [rows, columns] = [zeros(0), zeros(1)];
    return [Math.floor(rows / 2), Math.floor(columns / 2), Math.ceil(rows / 2), Math.ceil(columns / 2)];
  }
  if (typeof padding === "string")
    throw new ArgumentError("argument/padding", `padding "${String(padding)}" is not known`, {
      subject: "conv2d",
      hint: 'use a number, [height, width], "same" or "valid"',
    });
  const [height, width] = pair(padding);
  return [height, width, height, width];
}

function pixelAxes({ shape: [n = 1, c = 1, h = 1, w = 1] }: { readonly shape: Shape }): Shape {
  return [n, c, h * w];
}

function checkCotangent(ct: Shape, input: Shape, weight: Shape, attrs: Convolution, fail: Fail): void {
  const { n, o, oh, ow } = convolutionSizes(input, weight, attrs, fail);
  if (!sameShape(ct, [n, o, oh, ow]))
    fail({ code: "shape/conv-cotangent", sentence: `the cotangent must be [${[n, o, oh, ow].join(", ")}], not [${ct.join(", ")}]` });
}
