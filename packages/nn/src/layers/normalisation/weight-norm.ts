import { type Shape, stridesOf, type Tensor, weightNorm } from "@gradus/tensor";
import { Module } from "../../module.ts";
import type { LayerFacts } from "../../layer-facts.ts";
import { Param } from "../../param.ts";
import type { Conv2d } from "../conv2d.ts";
import type { Linear } from "../linear.ts";

/**
 * A layer whose weight is learnt as direction and length: weight = weight_g * weight_v / ‖weight_v‖, a length for each
 * output. At first it computes what the layer alone would. Parameters are named as in PyTorch. Source: Salimans and Kingma, 2016.
 *
 * Example: `new WeightNorm(new Linear(784, 128))`.
 */
export class WeightNorm extends Module {
  readonly bias: Param | null;
  // Named as in PyTorch, since the names of fields are the names in checkpoints.
  readonly weight_g: Param;
  readonly weight_v: Param;
  readonly #layer: Linear | Conv2d;

  constructor(layer: Linear | Conv2d) {
    super();
    const { weight, bias } = layer;
    this.bias = bias;
    this.weight_v = weight;
    this.weight_g = new Param([weight.shape[0] ?? 1, ...weight.shape.slice(1).map(() => 1)], () => lengthsOf(weight));
    this.#layer = layer;
  }

  override forward(x: Tensor): Tensor {
    return this.#layer.apply(x, weightNorm(this.weight_v, this.weight_g));
  }

  override diagnose(x: unknown): string | null {
    return this.#layer.diagnose(x);
  }

  override facts(input: Shape, output: Shape): LayerFacts {
    return this.#layer.facts(input, output);
  }
}

/** The length of each output's weights. */
function lengthsOf(weight: Param): Float32Array {
  const values = weight.hostValue() ?? [];
  const [step = 1] = stridesOf(weight.shape);
  return Float32Array.from({ length: weight.shape[0] ?? 1 }, (_, row) =>
    Math.hypot(...Array.from(values.slice(row * step, (row + 1) * step))),
  );
}
