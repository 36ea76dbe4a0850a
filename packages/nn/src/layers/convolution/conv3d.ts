import { conv3d, type PerAxis, type Tensor } from "@gradus/tensor";
import { Convolution, type ConvolutionLayerOptions } from "./convolution.ts";
import { type ConvolutionPadding, paddedBy, type PaddingMode } from "./padding-mode.ts";

export interface Conv3dLayerOptions extends ConvolutionLayerOptions {
  /** What is put around the input: a number, one for each axis, "same" or "valid"; 0 when left out. */
  readonly padding?: ConvolutionPadding;
  readonly stride?: PerAxis;
  readonly dilation?: PerAxis;
  /** What padding consists of: `reflectPadding`, `replicatePadding` or `circularPadding`; zeros when left out. */
  readonly paddingMode?: PaddingMode;
}

/**
 * 3-D convolution.
 *
 * Shapes: `x` [n, inputs, d, h, w], `weight` [outputs, inputs / groups, kd, kh, kw], `bias` [outputs], result [n, outputs, od, oh, ow].
 *
 * Example: `new Conv3d(3, 64, { kernel: 3, padding: "same" })`.
 *
 * @throws ArgumentError if the groups do not divide the channels.
 */
export class Conv3d extends Convolution {
  readonly #options: Conv3dLayerOptions;

  constructor(inputs: number, outputs: number, options: Conv3dLayerOptions) {
    super("Conv3d", 3, inputs, outputs, options);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { kernel, stride = 1, dilation = 1, padding = 0, paddingMode = null, groups = 1 } = this.#options;
    const around = paddedBy(x, { kernel, stride, dilation, padding, mode: paddingMode });
    return conv3d(around, this.weight, { bias: this.bias, stride, dilation, padding: around === x ? padding : 0, groups });
  }
}
