import { add, ArgumentError, normal, type Tensor } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { Module } from "../../module.ts";
import { drawFor } from "./draw.ts";

/**
 * In training, adds normal noise with mean 0 and standard deviation `std`; otherwise does nothing.
 * Source: Bishop, "Training with noise is equivalent to Tikhonov regularization", 1995.
 *
 * @throws ArgumentError if `std` is negative, or in training without a key.
 */
export class GaussianNoise extends Module {
  readonly std: number;

  constructor(std = 0.1) {
    super();
    if (!(std >= 0))
      throw new ArgumentError("argument/std", `the standard deviation must not be negative, and is ${std}`, { subject: "GaussianNoise" });
    this.std = std;
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    if (ctx.mode === "eval" || this.std === 0) return x;
    return add(x, normal(x.shape, { ...drawFor(this, ctx), std: this.std }));
  }
}
