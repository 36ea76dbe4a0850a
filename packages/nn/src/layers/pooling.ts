import { avgPool2d, maxPool2d, type Shape, sizeOf, type Tensor } from "@gradus/tensor";
import type { LayerFacts } from "../layer-facts.ts";
import { Module } from "../module.ts";
import { type Pair, pairOf } from "./pair.ts";

/** How a pooling window slides over height and width. */
export interface PoolingOptions {
  readonly kernel: number | Pair;
  /** Steps along height and width; the kernel's size when left out, so that windows do not overlap. */
  readonly stride?: number | Pair;
  /** Places added around the input, at most half the kernel; 0 when left out. They are never a maximum. */
  readonly padding?: number | Pair;
  /** Lets a last window hang over the edge; false when left out. */
  readonly ceilMode?: boolean;
}

export interface MaxPool2dLayerOptions extends PoolingOptions {
  /** Distance between the places of a window; 1 when left out. */
  readonly dilation?: number | Pair;
}

export interface AvgPool2dLayerOptions extends PoolingOptions {
  /** Whether padded zeros count in the divisor; true when left out, as in PyTorch. */
  readonly countIncludePad?: boolean;
}

/** The largest value of each window. Shapes: [n, c, h, w] to [n, c, oh, ow]. */
export class MaxPool2d extends Module {
  readonly #options: MaxPool2dLayerOptions;

  constructor(options: MaxPool2dLayerOptions) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.#options);
  }

  override facts(_: Shape, output: Shape): LayerFacts {
    return poolingFacts(this.#options, output);
  }
}

/** The mean of each window. Shapes: [n, c, h, w] to [n, c, oh, ow]. */
export class AvgPool2d extends Module {
  readonly #options: AvgPool2dLayerOptions;

  constructor(options: AvgPool2dLayerOptions) {
    super();
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.#options);
  }

  override facts(_: Shape, output: Shape): LayerFacts {
    return poolingFacts(this.#options, output);
  }
}

/** What pooling costs and sees: each output reads its window; nothing is multiplied by a weight. */
export function poolingFacts({ kernel, stride = kernel, dilation = 1 }: MaxPool2dLayerOptions, output: Shape): LayerFacts {
  const window = { kernel: pairOf(kernel), stride: pairOf(stride), dilation: pairOf(dilation) };
  return { multiplyAccumulates: 0, connections: sizeOf(output) * window.kernel[0] * window.kernel[1], window };
}
