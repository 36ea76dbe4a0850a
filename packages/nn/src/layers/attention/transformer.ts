import type { Tensor } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { type Layer, Module } from "../../module.ts";
import type { AttentionMasks } from "./multi-head-attention.ts";
import type { DecoderMasks, TransformerDecoderLayer, TransformerEncoderLayer } from "./transformer-layer.ts";

/**
 * Encoder layers one after the other, and a last normalisation if one is given. Parameters are named `layers.0.linear1.weight`, ..., `norm.weight`.
 *
 * Shapes: those of its layers.
 *
 * Example: `new TransformerEncoder([0, 1].map(() => new TransformerEncoderLayer(64, 4)))`.
 */
export class TransformerEncoder extends Module {
  readonly layers: readonly TransformerEncoderLayer[];
  readonly norm: Layer | null;

  constructor(layers: readonly TransformerEncoderLayer[], norm: Layer | null = null) {
    super();
    this.layers = layers;
    this.norm = norm;
  }

  override forward(x: Tensor, masks: AttentionMasks = {}, ctx: Context = EVAL): Tensor {
    const y = this.layers.reduce((value, layer) => layer.forward(value, masks, ctx), x);
    return this.norm === null ? y : this.norm.forward(y, ctx);
  }
}

/**
 * Decoder layers one after the other, and a last normalisation if one is given. Parameters are named as those of `TransformerEncoder`.
 *
 * Shapes: those of its layers.
 */
export class TransformerDecoder extends Module {
  readonly layers: readonly TransformerDecoderLayer[];
  readonly norm: Layer | null;

  constructor(layers: readonly TransformerDecoderLayer[], norm: Layer | null = null) {
    super();
    this.layers = layers;
    this.norm = norm;
  }

  override forward(x: Tensor, memory: Tensor, masks: DecoderMasks = {}, ctx: Context = EVAL): Tensor {
    const y = this.layers.reduce((value, layer) => layer.forward(value, memory, masks, ctx), x);
    return this.norm === null ? y : this.norm.forward(y, ctx);
  }
}
