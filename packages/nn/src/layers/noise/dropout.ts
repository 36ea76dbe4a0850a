import { ArgumentError, bernoulli, mul, type Tensor, where } from "@gradus/tensor";
import { pathOf } from "../bind.ts";
import { type Context, EVAL } from "../context.ts";
import { Module } from "../module.ts";

/**
 * In training, sets each value to zero with probability `p` and divides the others by 1 - p; otherwise does nothing.
 *
 * What is dropped is a function of the context's key and of the layer's path in its model, so two layers drop
 * independently. One layer called twice in a step drops the same places twice: use two layers.
 * Source: Srivastava et al., 2014.
 *
 * @throws ArgumentError if p is outside 0 .. 1, or in training without a key.
 */
export class Dropout extends Module {
  readonly p: number;

  constructor(p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new ArgumentError("argument/probability", `p must lie in 0 .. 1, and is ${p}`, { subject: "Dropout" });
    this.p = p;
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    if (ctx.mode === "eval" || this.p === 0) return x;
    if (ctx.key === null) {
      throw new ArgumentError("dropout/no-key", "needs a random key in training, and the context has none", {
        subject: "Dropout",
        hint: "pass training(key) instead of TRAIN to forward",
      });
    }
    if (this.p === 1) return mul(x, 0);
    const kept = bernoulli(x.shape, { p: 1 - this.p, key: ctx.key, salt: saltOf(pathOf(this)) });
    return where(kept, mul(x, 1 / (1 - this.p)), 0);
  }
}

/** FNV-1a of a path's UTF-16 code units: equal paths drop alike on every host. */
function saltOf(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return hash | 0;
}
