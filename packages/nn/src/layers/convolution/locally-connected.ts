import { add, ArgumentError, matmul, permute, reshape, type Shape, sizeOf, squeeze, Tensor, unfold, unsqueeze } from "@gradus/tensor";
import { uniform } from "../../init/plain.ts";
import type { LayerFacts } from "../../layer-facts.ts";
import { Module } from "../../module.ts";
import { Param } from "../../param.ts";
import { windowOf } from "../conv2d.ts";
import { within } from "../linear.ts";
import { type Pair, pairOf } from "../pair.ts";

export interface LocallyConnected2dOptions {
  readonly kernel: number | Pair;
  /** 1 when left out. */
  readonly stride?: number | Pair;
  /** Zeros on each side; 0 when left out. */
  readonly padding?: number | Pair;
  /** Distance between the kernel's taps; 1 when left out. */
  readonly dilation?: number | Pair;
  /** Whether there is a bias; true when left out. */
  readonly bias?: boolean;
}

/**
 * A convolution whose kernel is another at every place: nothing is shared.
 * Source: LeCun, Generalization and Network Design Strategies (1989), section 3.
 *
 * Shapes: `x` [n, inputs, h, w] for `size` [h, w], `weight` [oh * ow, outputs, inputs * kh * kw], `bias` [outputs, oh, ow],
 * result [n, outputs, oh, ow]. First values are uniform in ±1 / sqrt(inputs * kh * kw).
 *
 * @throws ArgumentError if no window fits into the size.
 */
export class LocallyConnected2d extends Module {
  readonly weight: Param;
  readonly bias: Param | null;
  readonly #inputs: number;
  readonly #size: Pair;
  readonly #output: Pair;
  readonly #options: LocallyConnected2dOptions;

  constructor(inputs: number, outputs: number, size: Pair, options: LocallyConnected2dOptions) {
    super();
    const { kernel, stride, dilation } = windowOf(options);
    const padding = pairOf(options.padding ?? 0);
    const along = (axis: 0 | 1): number =>
      Math.floor((size[axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1;
    this.#output = [along(0), along(1)];
    if (this.#output.some((extent) => extent < 1)) {
      throw new ArgumentError("argument/kernel", `a ${kernel.join("x")} window does not fit into ${size.join("x")}`, {
        subject: "LocallyConnected2d",
      });
    }
    const taps = inputs * sizeOf(kernel);
    const initial = uniform(within(1 / Math.sqrt(taps)));
    this.weight = new Param([sizeOf(this.#output), outputs, taps], initial);
    this.bias = options.bias === false ? null : new Param([outputs, ...this.#output], initial);
    this.#inputs = inputs;
    this.#size = size;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { kernel, ...options } = this.#options;
    const columns = permute(unfold(x, kernel, options), [2, 1, 0]);
    const y = permute(matmul(this.weight, columns), [2, 1, 0]);
    const image = reshape(y, [x.shape[0] ?? 0, this.weight.shape[1] ?? 0, ...this.#output]);
    return this.bias === null ? image : add(image, this.bias);
  }

  override diagnose(x: unknown): string | null {
    if (!(x instanceof Tensor)) return null;
    const [height, width] = this.#size;
    const fits = x.rank === 4 && x.shape[1] === this.#inputs && x.shape[2] === height && x.shape[3] === width;
    return fits ? null : `expects images [n, ${this.#inputs}, ${height}, ${width}] but receives [${x.shape.join(", ")}]`;
  }

  override facts(_: Shape, output: Shape): LayerFacts {
    const multiplyAccumulates = sizeOf(output) * (this.weight.shape[2] ?? 1);
    const connections = multiplyAccumulates + (this.bias === null ? 0 : sizeOf(output));
    return { multiplyAccumulates, connections, window: windowOf(this.#options) };
  }
}

export interface LocallyConnected1dOptions {
  readonly kernel: number;
  /** 1 when left out. */
  readonly stride?: number;
  /** Zeros on each side; 0 when left out. */
  readonly padding?: number;
  /** Distance between the kernel's taps; 1 when left out. */
  readonly dilation?: number;
  /** Whether there is a bias; true when left out. */
  readonly bias?: boolean;
}

/**
 * `LocallyConnected2d` of a sequence, which is an image of height 1.
 *
 * Shapes: `x` [n, inputs, l] for `size` l, `weight` [ol, outputs, inputs * k], `bias` [outputs, 1, ol], result [n, outputs, ol].
 *
 * @throws ArgumentError if no window fits into the size.
 */
export class LocallyConnected1d extends LocallyConnected2d {
  constructor(
    inputs: number,
    outputs: number,
    size: number,
    { kernel, stride = 1, padding = 0, dilation = 1, bias = true }: LocallyConnected1dOptions,
  ) {
    super(inputs, outputs, [1, size], { kernel: [1, kernel], stride: [1, stride], padding: [0, padding], dilation: [1, dilation], bias });
  }

  override forward(x: Tensor): Tensor {
    return squeeze(super.forward(unsqueeze(x, 2)), 2);
  }

  override diagnose(x: unknown): string | null {
    return x instanceof Tensor && x.rank !== 3 ? `expects sequences [n, inputs, l] but receives [${x.shape.join(", ")}]` : null;
  }
}
