import { avgPool2d, type AvgPool2dOptions, maxPool2d, type MaxPool2dOptions, type Shape, sizeOf, type Tensor } from "@gradus/tensor";
import type { LayerFacts } from "../../layer-facts.ts";
import { Module } from "../../module.ts";
import { type Pair, pairOf } from "../pair.ts";

/**
 * The largest value of each window. Shapes: [n, c, h, w] to [n, c, oh, ow].
 *
 * The stride is the kernel's size unless given, so `new MaxPool2d(2)` halves height and width.
 */
export class MaxPool2d extends Module {
  readonly #kernel: number | Pair;
  readonly #options: MaxPool2dOptions;

  constructor(kernel: number | Pair, options: MaxPool2dOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.#kernel, this.#options);
  }

  override facts(_: Shape, output: Shape): LayerFacts {
    return poolingFacts(this.#kernel, this.#options, output);
  }
}

/**
 * The mean of each window. Shapes: [n, c, h, w] to [n, c, oh, ow].
 *
 * The stride is the kernel's size unless given, so `new AvgPool2d(2)` halves height and width.
 */
export class AvgPool2d extends Module {
  readonly #kernel: number | Pair;
  readonly #options: AvgPool2dOptions;

  constructor(kernel: number | Pair, options: AvgPool2dOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.#kernel, this.#options);
  }

  override facts(_: Shape, output: Shape): LayerFacts {
    return poolingFacts(this.#kernel, this.#options, output);
  }
}

/** What pooling costs and sees: each output reads its window, and nothing is multiplied by a weight. */
function poolingFacts(kernel: number | Pair, { stride = kernel, dilation = 1 }: MaxPool2dOptions, output: Shape): LayerFacts {
  const [height, width] = pairOf(kernel);
  const window = { kernel: [height, width], stride: pairOf(stride), dilation: pairOf(dilation) } as const;
  return { multiplyAccumulates: 0, connections: sizeOf(output) * height * width, window };
}
