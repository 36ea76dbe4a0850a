import { add, mean, mul, rsqrt, square, sub, type Tensor } from "@gradus/tensor";
import { ones, zeros } from "../../init/plain.ts";
import { Module } from "../../module.ts";
import { Param } from "../../param.ts";

/** The normalisation inside transformer layers: (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis. */
export class TransformerNorm extends Module {
  readonly weight: Param;
  readonly bias: Param;
  readonly #epsilon: number;

  constructor(size: number, epsilon = 1e-5) {
    super();
    this.weight = new Param([size], ones());
    this.bias = new Param([size], zeros());
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    const centred = sub(x, mean(x, { axis: -1, keepDims: true }));
    const variance = mean(square(centred), { axis: -1, keepDims: true });
    return add(mul(mul(centred, rsqrt(add(variance, this.#epsilon))), this.weight), this.bias);
  }
}
