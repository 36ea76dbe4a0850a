import { add, bernoulli, mul, type Shape, type Tensor, where } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { Module } from "../../module.ts";
import { checkProbability, drawFor } from "./draw.ts";

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
    checkProbability(this, p);
    this.p = p;
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    if (ctx.mode === "eval" || this.p === 0) return x;
    const draw = drawFor(this, ctx);
    if (this.p === 1) return mul(x, 0);
    return where(bernoulli(this.maskShape(x), { ...draw, p: 1 - this.p }), mul(x, 1 / (1 - this.p)), 0);
  }

  /** What is decided at once: every value by itself. */
  protected maskShape({ shape }: Tensor): Shape {
    return shape;
  }
}

/**
 * Drops whole channels of each sample, [n, channels, ...], where neighbouring places say the same and dropping single
 * values would change little. Source: Tompson et al., 2015.
 *
 * @throws ArgumentError if p is outside 0 .. 1, or in training without a key.
 */
abstract class ChannelDropout extends Dropout {
  protected override maskShape({ shape }: Tensor): Shape {
    return shape.map((extent, axis) => (axis < 2 ? extent : 1));
  }
}

/** `Dropout` of whole channels of sequences, [n, channels, l]. */
export class Dropout1d extends ChannelDropout {}

/** `Dropout` of whole channels of images, [n, channels, h, w]. */
export class Dropout2d extends ChannelDropout {}

/** `Dropout` of whole channels of volumes, [n, channels, d, h, w]. */
export class Dropout3d extends ChannelDropout {}

/** What `selu` approaches far below zero, with its sign changed. */
const saturation = 1.7580993408473766;

/**
 * Dropout that keeps mean 0 and variance 1, for nets of `SELU`: sets values to where `selu` saturates, then scales and
 * shifts all. Source: Klambauer et al., 2017.
 *
 * @throws ArgumentError if p is outside 0 .. 1, or in training without a key.
 */
export class AlphaDropout extends Module {
  readonly p: number;

  constructor(p = 0.5) {
    super();
    checkProbability(this, p);
    this.p = p;
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    const { p } = this;
    if (ctx.mode === "eval" || p === 0) return x;
    const draw = drawFor(this, ctx);
    if (p === 1) return mul(x, 0);
    const scale = 1 / Math.sqrt((1 - p) * (1 + p * saturation ** 2));
    return add(mul(where(bernoulli(x.shape, { ...draw, p: 1 - p }), x, -saturation), scale), scale * p * saturation);
  }
}
