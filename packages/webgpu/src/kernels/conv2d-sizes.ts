import type { LibraryCall } from "@gradus/compile";
import type { ConvolutionSizes, Shape } from "@gradus/tensor";

/** Every size of a convolution and its steps. */
export interface ConvolutionSteps extends ConvolutionSizes {
  readonly groups: number;
  /** Channels of a group. */
  readonly gc: number;
  readonly go: number;
  readonly sh: number;
  readonly sw: number;
  readonly dh: number;
  readonly dw: number;
  readonly top: number;
  readonly left: number;
}

export function forwardSizes({ x: { x, weight }, attrs, out }: LibraryCall<"conv2d">): ConvolutionSteps {
  return sizesOf(x.shape, weight.shape, out.shape, attrs);
}

export function inputGradSizes({ x: { ct, weight }, attrs: { inputShape, ...attrs } }: LibraryCall<"conv2dInputGrad">): ConvolutionSteps {
  return sizesOf(inputShape, weight.shape, ct.shape, attrs);
}

export function weightGradSizes({ x: { x, ct }, attrs: { weightShape, ...attrs } }: LibraryCall<"conv2dWeightGrad">): ConvolutionSteps {
  return sizesOf(x.shape, weightShape, ct.shape, attrs);
}

function sizesOf(
  input: Shape,
  weight: Shape,
  output: Shape,
  { stride, padding, dilation, groups }: Pick<LibraryCall<"conv2d">["attrs"], "stride" | "padding" | "dilation" | "groups">,
): ConvolutionSteps {
  const [n = 1, c = 1, h = 1, w = 1] = input;
  const [o = 1, gc = 1, kh = 1, kw = 1] = weight;
  const [, , oh = 1, ow = 1] = output;
  const [sh = 1, sw = 1] = stride;
  const [dh = 1, dw = 1] = dilation;
  const [top = 0, left = 0] = padding;
  return { n, c, h, w, o, kh, kw, oh, ow, groups, gc, go: o / groups, sh, sw, dh, dw, top, left };
}
