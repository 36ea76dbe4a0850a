import { bilinear, type Tensor } from "@gradus/tensor";
import type { Initialiser } from "../init/initialiser.ts";
import { uniform } from "../init/plain.ts";
import { Module } from "../module.ts";
import { Param } from "../param.ts";
import { within } from "./linear.ts";

export interface BilinearOptions {
  /** Whether there is a bias; true when left out. */
  readonly bias?: boolean;
  /** Of the weight; uniform in ±1 / sqrt(first) when left out, as the bias is. */
  readonly initialiser?: Initialiser;
}

/**
 * A bilinear form of two inputs for each output: y_o = a W_o bᵀ + bias_o.
 *
 * Shapes: `a` [..., first], `b` [..., second], `weight` [outputs, first, second], `bias` [outputs], result [..., outputs].
 */
export class Bilinear extends Module {
  readonly weight: Param;
  readonly bias: Param | null;

  constructor(first: number, second: number, outputs: number, { bias = true, initialiser }: BilinearOptions = {}) {
    super();
    const own = uniform(within(1 / Math.sqrt(first)));
    this.weight = new Param([outputs, first, second], initialiser ?? own);
    this.bias = bias ? new Param([outputs], own) : null;
  }

  override forward(a: Tensor, b: Tensor): Tensor {
    return bilinear(a, b, this.weight, { bias: this.bias });
  }
}
