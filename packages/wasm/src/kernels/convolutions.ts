import type { LibraryCall } from "@gradus/compile";
import { type Convolution, convolutionSizes, type Shape } from "@gradus/tensor";
import type { Conv2dShape } from "./conv2d-shape.ts";
import { conv2dInputGradKernels } from "./conv2d-input-gradient.ts";
import { conv2dWeightGradKernels } from "./conv2d-weight-gradient.ts";
import type { ConvolutionSettings } from "./convolution-algorithm.ts";
import { conv2dKernels } from "./conv2d.ts";
import type { Epilogue, Kernel } from "./kernel.ts";

/** Kernels of the three passes of a convolution, from the call as it was recorded. */
export function forward(
  { x: { x, weight }, attrs }: LibraryCall<"conv2d">,
  epilogue: Epilogue | null,
  settings: ConvolutionSettings,
): readonly Kernel[] {
  return conv2dKernels(shapeOf(x.shape, weight.shape, attrs), epilogue, settings);
}

export function inputGradient(
  { x: { weight }, attrs }: LibraryCall<"conv2dInputGrad">,
  epilogue: Epilogue | null,
  settings: ConvolutionSettings,
): readonly Kernel[] {
  return conv2dInputGradKernels(shapeOf(attrs.inputShape, weight.shape, attrs), epilogue, settings);
}

export function weightGradient({ x: { x }, attrs }: LibraryCall<"conv2dWeightGrad">, settings: ConvolutionSettings): readonly Kernel[] {
  return conv2dWeightGradKernels(shapeOf(x.shape, attrs.weightShape, attrs), settings);
}

function shapeOf(input: Shape, weight: Shape, attrs: Convolution): Conv2dShape {
  const { stride, padding, dilation, groups } = attrs;
  const sizes = convolutionSizes(input, weight, attrs, ({ sentence }) => {
    throw new RangeError(sentence);
  });
  const [strideH = 1, strideW = 1] = stride;
  const [dilationH = 1, dilationW = 1] = dilation;
  const [padTop = 0, padLeft = 0, padBottom = 0, padRight = 0] = padding;
  return { ...sizes, strideH, strideW, dilationH, dilationW, padTop, padLeft, padBottom, padRight, groups };
}
