import { bernoulli, mul, type Tensor, where } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { Module } from "../../module.ts";
import { checkProbability, drawFor } from "./draw.ts";

export interface StochasticDepthOptions {
  /** Whether each sample ("row", when left out) or the whole batch is decided at once. */
  readonly mode?: "row" | "batch";
}

/**
 * In training, drops the whole input with probability `p` and divides it by 1 - p otherwise: the end of a residual
 * branch, which then only passes its shortcut on. Source: Huang et al., 2016.
 *
 * Example: `add(x, this.depth.forward(this.branch.forward(x, ctx), ctx))`.
 *
 * @throws ArgumentError if p is outside 0 .. 1, or in training without a key.
 */
export class StochasticDepth extends Module {
  readonly p: number;
  readonly #mode: "row" | "batch";

  constructor(p: number, { mode = "row" }: StochasticDepthOptions = {}) {
    super();
    checkProbability(this, p);
    this.p = p;
    this.#mode = mode;
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    if (ctx.mode === "eval" || this.p === 0) return x;
    const draw = drawFor(this, ctx);
    if (this.p === 1) return mul(x, 0);
    const shape = x.shape.map((extent, axis) => (axis === 0 && this.#mode === "row" ? extent : 1));
    return where(bernoulli(shape, { ...draw, p: 1 - this.p }), mul(x, 1 / (1 - this.p)), 0);
  }
}
