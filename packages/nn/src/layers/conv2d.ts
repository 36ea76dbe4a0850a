import { ArgumentError, conv2d, type Shape, sizeOf, Tensor } from "@gradus/tensor";
import { fansOf } from "../init/fans.ts";
import type { Initialiser } from "../init/initialiser.ts";
import { kaimingUniform } from "../init/kaiming.ts";
import { uniform } from "../init/plain.ts";
import type { LayerFacts } from "../layer-facts.ts";
import { Module } from "../module.ts";
import { Param } from "../param.ts";
import { paddedBy, type PaddingMode } from "./convolution/padding-mode.ts";
import { within } from "./linear.ts";
import { type Pair, pairOf } from "./pair.ts";

/** How a kernel slides over height and width. */
export interface ConvolutionOptions {
  readonly kernel: number | Pair;
  /** Steps along height and width; 1 when left out. */
  readonly stride?: number | Pair;
  /** Zeros around the input: a number, [height, width], "same" or "valid"; 0 when left out. */
  readonly padding?: number | Pair | "same" | "valid";
  /** Distance between the kernel's taps; 1 when left out. */
  readonly dilation?: number | Pair;
  /** Whether there is a bias; true when left out. */
  readonly bias?: boolean;
  /** What padding consists of: `reflectPadding`, `replicatePadding` or `circularPadding`; zeros when left out. */
  readonly paddingMode?: PaddingMode;
}

export interface Conv2dLayerOptions extends ConvolutionOptions {
  /** Cuts channels into independent groups; 1 when left out, the number of channels for a depthwise convolution. */
  readonly groups?: number;
  /** Of the weight; kaimingUniform with slope sqrt(5) when left out, that is ±1 / sqrt(fanIn). */
  readonly initialiser?: Initialiser;
  /** Of the bias; uniform in ±1 / sqrt(fanIn) when left out. */
  readonly biasInitialiser?: Initialiser;
}

/**
 * 2-D convolution.
 *
 * Shapes: `x` [n, inputs, h, w], `weight` [outputs, inputs / groups, kh, kw], `bias` [outputs], result [n, outputs, oh, ow].
 *
 * Example: `new Conv2d(3, 64, { kernel: 3, padding: 1 })`.
 *
 * @throws ArgumentError if the groups do not divide the channels.
 */
export class Conv2d extends Module {
  readonly weight: Param;
  readonly bias: Param | null;
  readonly #groups: number;
  readonly #options: ConvolutionOptions;

  constructor(
    inputs: number,
    outputs: number,
    { groups = 1, initialiser = kaimingUniform({ slope: Math.sqrt(5) }), biasInitialiser, ...options }: Conv2dLayerOptions,
  ) {
    super();
    if (groups < 1 || inputs % groups !== 0 || outputs % groups !== 0) {
      throw new ArgumentError("argument/groups", `${groups} groups do not divide ${inputs} input and ${outputs} output channels`, {
        subject: "Conv2d",
      });
    }
    const shape = [outputs, inputs / groups, ...pairOf(options.kernel)];
    this.weight = new Param(shape, initialiser);
    this.bias =
      options.bias === false ? null : new Param([outputs], biasInitialiser ?? uniform(within(1 / Math.sqrt(fansOf(shape).fanIn))));
    this.#groups = groups;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return this.apply(x, this.weight);
  }

  /** The convolution with another weight of the same shape, as `WeightNorm` makes one. */
  apply(x: Tensor, weight: Tensor): Tensor {
    const { kernel, stride = 1, padding = 0, dilation = 1, paddingMode = null } = this.#options;
    const around = paddedBy(x, { kernel, stride, dilation, padding, mode: paddingMode });
    return conv2d(around, weight, { bias: this.bias, stride, padding: around === x ? padding : 0, dilation, groups: this.#groups });
  }

  override diagnose(x: unknown): string | null {
    const channels = (this.weight.shape[1] ?? 1) * this.#groups;
    if (!(x instanceof Tensor)) return null;
    if (x.rank !== 4) return `expects images [n, ${channels}, h, w] but receives [${x.shape.join(", ")}]`;
    return x.shape[1] === channels ? null : `expects ${channels} input channels but receives ${x.shape[1]}`;
  }

  override facts(_: Shape, output: Shape): LayerFacts {
    const multiplyAccumulates = sizeOf(output) * fansOf(this.weight.shape).fanIn;
    return {
      multiplyAccumulates,
      connections: multiplyAccumulates + (this.bias === null ? 0 : sizeOf(output)),
      window: windowOf(this.#options),
    };
  }
}

/** The window an output of a convolution sees. */
export function windowOf({ kernel, stride = 1, dilation = 1 }: ConvolutionOptions): {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
} {
  return { kernel: pairOf(kernel), stride: pairOf(stride), dilation: pairOf(dilation) };
}
