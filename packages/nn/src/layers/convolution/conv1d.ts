import { conv1d, type Tensor } from "@gradus/tensor";
import { Convolution, type ConvolutionLayerOptions } from "./convolution.ts";
import { paddedBy, type PaddingMode } from "./padding-mode.ts";

export interface Conv1dLayerOptions extends ConvolutionLayerOptions {
  /** What is put around the input: a number, "same" or "valid"; 0 when left out. */
  readonly padding?: number | "same" | "valid";
  readonly stride?: number;
  readonly dilation?: number;
  /** What padding consists of: `reflectPadding`, `replicatePadding` or `circularPadding`; zeros when left out. */
  readonly paddingMode?: PaddingMode;
}

/**
 * 1-D convolution.
 *
 * Shapes: `x` [n, inputs, l], `weight` [outputs, inputs / groups, k], `bias` [outputs], result [n, outputs, ol].
 *
 * Example: `new Conv1d(3, 64, { kernel: 3, padding: "same" })`.
 *
 * @throws ArgumentError if the groups do not divide the channels.
 */
export class Conv1d extends Convolution {
  readonly #options: Conv1dLayerOptions;

  constructor(inputs: number, outputs: number, options: Conv1dLayerOptions) {
    super("Conv1d", 1, inputs, outputs, options);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { kernel, stride = 1, dilation = 1, padding = 0, paddingMode = null, groups = 1 } = this.#options;
    const around = paddedBy(x, { kernel, stride, dilation, padding, mode: paddingMode });
    return conv1d(around, this.weight, { bias: this.bias, stride, dilation, padding: around === x ? padding : 0, groups });
  }
}
