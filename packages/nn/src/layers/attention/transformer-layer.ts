import { add, gelu, relu, type Tensor } from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { Module } from "../../module.ts";
import { Dropout } from "../noise/dropout.ts";
import { Linear } from "../linear.ts";
import { type AttentionMasks, MultiHeadAttention } from "./multi-head-attention.ts";
import { LayerNorm } from "../normalisation/index.ts";

export interface TransformerLayerOptions {
  /** Width between the two linear layers; 2048 when left out. */
  readonly feedForward?: number;
  /** Probability of dropping, 0.1 when left out: of attention weights, between the linear layers, and of what each part adds. */
  readonly dropout?: number;
  /** "relu" when left out. */
  readonly activation?: "relu" | "gelu" | ((x: Tensor) => Tensor);
  /** Added to the variance when normalising; 1e-5 when left out. */
  readonly epsilon?: number;
  /** Whether sequences lie as [batch, time, width] instead of [time, batch, width]; false when left out. */
  readonly batchFirst?: boolean;
  /** Whether each part is normalised before it instead of after; false when left out. Source: Xiong et al., 2020. */
  readonly normFirst?: boolean;
}

/**
 * One layer of a transformer's encoder: self-attention, then two linear layers with an activation between, each added to its
 * input: x = norm1(x + attention(x)), y = norm2(x + linear2(activation(linear1(x)))); with `normFirst` x + attention(norm1(x)) and so on.
 *
 * Parameters have PyTorch's names (`self_attn.in_proj_weight`, `linear1.weight`, `norm1.weight`, ...).
 * Shapes: `x` [time, batch, width], or [batch, time, width] with `batchFirst`, and the result. Source: Vaswani et al., 2017.
 *
 * @throws ArgumentError if the heads do not divide the width; ShapeError if inputs or masks do not fit.
 */
export class TransformerEncoderLayer extends Module {
  readonly self_attn: MultiHeadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly #activation: (x: Tensor) => Tensor;
  readonly #normFirst: boolean;

  constructor(
    width: number,
    heads: number,
    {
      feedForward = 2048,
      dropout = 0.1,
      activation = "relu",
      epsilon = 1e-5,
      batchFirst = false,
      normFirst = false,
    }: TransformerLayerOptions = {},
  ) {
    super();
    this.self_attn = new MultiHeadAttention(width, heads, { dropout, batchFirst });
    this.linear1 = new Linear(width, feedForward);
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(feedForward, width);
    this.norm1 = new LayerNorm(width, { epsilon });
    this.norm2 = new LayerNorm(width, { epsilon });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.#activation = activationOf(activation);
    this.#normFirst = normFirst;
  }

  override forward(x: Tensor, masks: AttentionMasks = {}, ctx: Context = EVAL): Tensor {
    const attend = (x: Tensor): Tensor => this.dropout1.forward(this.self_attn.forward(x, x, x, masks, ctx).output, ctx);
    const think = (x: Tensor): Tensor => {
      const inner = this.dropout.forward(this.#activation(this.linear1.forward(x)), ctx);
      return this.dropout2.forward(this.linear2.forward(inner), ctx);
    };
    return residual(residual(x, attend, this.norm1, this.#normFirst), think, this.norm2, this.#normFirst);
  }
}

/** What a decoder's layer may see: of its own sequence, and of the encoder's. */
export interface DecoderMasks {
  /** Of the decoder's own sequence. */
  readonly self?: AttentionMasks;
  /** Of the encoder's. */
  readonly memory?: AttentionMasks;
}

/**
 * One layer of a transformer's decoder: self-attention, attention to the encoder's result, then two linear layers, each added
 * to its input and normalised as in `TransformerEncoderLayer`.
 *
 * Parameters have PyTorch's names (`self_attn.in_proj_weight`, `multihead_attn.in_proj_weight`, `linear1.weight`, ...).
 * Shapes: `x` [time, batch, width], `memory` [source time, batch, width], with `batchFirst` the batch first; the result as `x`.
 * Source: Vaswani et al., 2017.
 *
 * @throws ArgumentError if the heads do not divide the width; ShapeError if inputs or masks do not fit.
 */
export class TransformerDecoderLayer extends Module {
  readonly self_attn: MultiHeadAttention;
  readonly multihead_attn: MultiHeadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly dropout3: Dropout;
  readonly #activation: (x: Tensor) => Tensor;
  readonly #normFirst: boolean;

  constructor(
    width: number,
    heads: number,
    {
      feedForward = 2048,
      dropout = 0.1,
      activation = "relu",
      epsilon = 1e-5,
      batchFirst = false,
      normFirst = false,
    }: TransformerLayerOptions = {},
  ) {
    super();
    this.self_attn = new MultiHeadAttention(width, heads, { dropout, batchFirst });
    this.multihead_attn = new MultiHeadAttention(width, heads, { dropout, batchFirst });
    this.linear1 = new Linear(width, feedForward);
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(feedForward, width);
    this.norm1 = new LayerNorm(width, { epsilon });
    this.norm2 = new LayerNorm(width, { epsilon });
    this.norm3 = new LayerNorm(width, { epsilon });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.dropout3 = new Dropout(dropout);
    this.#activation = activationOf(activation);
    this.#normFirst = normFirst;
  }

  override forward(x: Tensor, memory: Tensor, masks: DecoderMasks = {}, ctx: Context = EVAL): Tensor {
    const attend = (x: Tensor): Tensor => this.dropout1.forward(this.self_attn.forward(x, x, x, masks.self, ctx).output, ctx);
    const look = (x: Tensor): Tensor =>
      this.dropout2.forward(this.multihead_attn.forward(x, memory, memory, masks.memory, ctx).output, ctx);
    const think = (x: Tensor): Tensor => {
      const inner = this.dropout.forward(this.#activation(this.linear1.forward(x)), ctx);
      return this.dropout3.forward(this.linear2.forward(inner), ctx);
    };
    const seen = residual(residual(x, attend, this.norm1, this.#normFirst), look, this.norm2, this.#normFirst);
    return residual(seen, think, this.norm3, this.#normFirst);
  }
}

/** x plus what a part makes of it, normalised before the part or after the sum. */
function residual(x: Tensor, part: (x: Tensor) => Tensor, norm: LayerNorm, normFirst: boolean): Tensor {
  return normFirst ? add(x, part(norm.forward(x))) : norm.forward(add(x, part(x)));
}

function activationOf(activation: "relu" | "gelu" | ((x: Tensor) => Tensor)): (x: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  return activation === "gelu" ? (x) => gelu(x) : relu;
}
