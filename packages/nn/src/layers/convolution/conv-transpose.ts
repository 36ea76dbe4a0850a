import { convTranspose1d, convTranspose2d, convTranspose3d, type PerAxis, type Tensor } from "@gradus/tensor";
import { Convolution, type ConvolutionLayerOptions } from "./convolution.ts";

export interface ConvTransposeLayerOptions extends ConvolutionLayerOptions {
  /** What is cut off each side of the output; 0 when left out. */
  readonly padding?: PerAxis;
  /** What is added at the end of the output, less than stride or dilation; 0 when left out. */
  readonly outputPadding?: PerAxis;
}

type Run = typeof convTranspose2d;

abstract class ConvTranspose extends Convolution {
  readonly #options: ConvTransposeLayerOptions;
  readonly #run: Run;

  protected constructor(name: string, axes: number, inputs: number, outputs: number, options: ConvTransposeLayerOptions, run: Run) {
    super(name, axes, inputs, outputs, options, true);
    this.#options = options;
    this.#run = run;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = this.#options;
    return this.#run(x, this.weight, { bias: this.bias, stride, padding, outputPadding, dilation, groups });
  }
}

/**
 * The transpose of a 1-D convolution.
 *
 * Shapes: `x` [n, inputs, l], `weight` [inputs, outputs / groups, k], `bias` [outputs], result [n, outputs, ol] with
 * ol = (l - 1) * stride - 2 * padding + dilation * (k - 1) + outputPadding + 1.
 *
 * @throws ArgumentError if the groups do not divide the channels.
 */
export class ConvTranspose1d extends ConvTranspose {
  constructor(inputs: number, outputs: number, options: ConvTransposeLayerOptions) {
    super("ConvTranspose1d", 1, inputs, outputs, options, convTranspose1d);
  }
}

/**
 * The transpose of a 2-D convolution, which makes images larger.
 *
 * Shapes: `x` [n, inputs, h, w], `weight` [inputs, outputs / groups, kh, kw], `bias` [outputs], result [n, outputs, oh, ow], sizes
 * as those of `ConvTranspose1d`.
 *
 * Example: `new ConvTranspose2d(64, 32, { kernel: 2, stride: 2 })` doubles height and width.
 *
 * @throws ArgumentError if the groups do not divide the channels.
 */
export class ConvTranspose2d extends ConvTranspose {
  constructor(inputs: number, outputs: number, options: ConvTransposeLayerOptions) {
    super("ConvTranspose2d", 2, inputs, outputs, options, convTranspose2d);
  }
}

/**
 * The transpose of a 3-D convolution.
 *
 * Shapes: `x` [n, inputs, d, h, w], `weight` [inputs, outputs / groups, kd, kh, kw], `bias` [outputs], result [n, outputs, od, oh, ow],
 * sizes as those of `ConvTranspose1d`.
 *
 * @throws ArgumentError if the groups do not divide the channels.
 */
export class ConvTranspose3d extends ConvTranspose {
  constructor(inputs: number, outputs: number, options: ConvTransposeLayerOptions) {
    super("ConvTranspose3d", 3, inputs, outputs, options, convTranspose3d);
  }
}
