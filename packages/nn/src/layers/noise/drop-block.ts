import { ArgumentError, bernoulli, cast, div, maximum, maxPool2d, mul, pad, ShapeError, sub, sum, type Tensor } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { Module } from "../../module.ts";
import { checkProbability, drawFor } from "./draw.ts";

/**
 * In training, sets squares of `block` by `block` places to zero in each channel, a share of about `p` of them all, and
 * scales the rest so that as much is left as came in. Source: Ghiasi et al., 2018.
 *
 * Shapes: [n, channels, h, w] with h and w at least `block`.
 *
 * @throws ArgumentError if p is outside 0 .. 1, the block is no whole number above 0, or in training without a key;
 * ShapeError for smaller images.
 */
export class DropBlock2d extends Module {
  readonly p: number;
  readonly block: number;

  constructor(p: number, block: number) {
    super();
    checkProbability(this, p);
    if (!Number.isInteger(block) || block < 1) {
      throw new ArgumentError("argument/window", `the block must be a whole number above 0, and is ${block}`, { subject: "DropBlock2d" });
    }
    this.p = p;
    this.block = block;
  }

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    const { p, block } = this;
    if (ctx.mode === "eval" || p === 0) return x;
    const [n = 0, channels = 0, height = 0, width = 0] = x.shape;
    if (x.rank !== 4 || height < block || width < block) {
      throw new ShapeError("shape/drop-block", `blocks of ${block} by ${block} do not fit into [${x.shape.join(", ")}]`, {
        subject: "DropBlock2d",
      });
    }
    // A place is dropped by any of the blocks it lies in, each of which begins where it fits in whole.
    const [rows, columns] = [height - block + 1, width - block + 1];
    const begins = bernoulli([n, channels, rows, columns], {
      ...drawFor(this, ctx),
      p: Math.min(1, (p * height * width) / (block * block * rows * columns)),
    });
    const around = [block - 1, block - 1] as const;
    const kept = sub(1, maxPool2d(pad(cast(begins, "float32"), [around, around]), block, { stride: 1 }));
    return mul(mul(x, kept), div(x.size, maximum(sum(kept), 1)));
  }
}
