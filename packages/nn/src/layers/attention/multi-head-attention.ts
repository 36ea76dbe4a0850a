import {
  add,
  ArgumentError,
  attentionWeights,
  cast,
  logicalNot,
  logicalOr,
  matmul,
  mean,
  narrow,
  permute,
  reshape,
  scaledDotProductAttention,
  type Shape,
  ShapeError,
  sizeOf,
  split,
  Tensor,
  unsqueeze,
  where,
} from "@gradus/tensor";
import { type Context, EVAL } from "../../context.ts";
import { xavierUniform } from "../../init/xavier.ts";
import { zeros } from "../../init/plain.ts";
import type { LayerFacts } from "../../layer-facts.ts";
import { Module } from "../../module.ts";
import { Param } from "../../param.ts";
import { checkProbability, drawFor } from "../noise/draw.ts";
import { Linear } from "../linear.ts";

export interface MultiHeadAttentionOptions {
  /** Whether the projections have biases; true when left out. */
  readonly bias?: boolean;
  /** Probability of dropping an attention weight in training; 0 when left out. */
  readonly dropout?: number;
  /** Whether sequences lie as [batch, time, width] instead of [time, batch, width]; false when left out. */
  readonly batchFirst?: boolean;
  /** Width of the keys, where it is another than the queries'. */
  readonly kdim?: number;
  /** Width of the values, where it is another than the queries'. */
  readonly vdim?: number;
}

/** What is hidden from whom, as PyTorch's attention layers have it: true hides, and float32 is added to the scores. */
export interface AttentionMasks {
  /** [queries, keys], or [batch * heads, queries, keys]. */
  readonly mask?: Tensor;
  /** The keys hidden from every query of a sequence, [batch, keys]. */
  readonly keyPaddingMask?: Tensor;
  /** Whether query i sees keys 0 to i only; false when left out. */
  readonly causal?: boolean;
}

export interface Attended {
  /** [queries, batch, width], or [batch, queries, width] with `batchFirst`. */
  readonly output: Tensor;
  /** What each query attended to, before dropout: the mean over heads, [batch, queries, keys]. Costs nothing unless it is used. */
  readonly weights: Tensor;
}

/**
 * Attention by several heads, each on its own projections of queries, keys and values:
 * concat(softmax(Q_h K_hᵀ / sqrt(width / heads)) V_h) W_oᵀ + b_o.
 *
 * Parameters have PyTorch's names: `in_proj_weight` [3 * width, width] with the rows of queries, keys and values (or
 * `q_proj_weight`, `k_proj_weight`, `v_proj_weight` where their widths differ), `in_proj_bias`, `out_proj.weight`, `out_proj.bias`.
 *
 * Shapes: `query` [queries, batch, width], `key` [keys, batch, kdim], `value` [keys, batch, vdim]; with `batchFirst` the
 * batch is first. Source: Vaswani et al., 2017, section 3.2.2.
 *
 * Example: `new MultiHeadAttention(64, 8, { batchFirst: true }).forward(x, x, x, { causal: true }).output`.
 *
 * @throws ArgumentError if the heads do not divide the width; ShapeError if inputs or masks do not fit.
 */
export class MultiHeadAttention extends Module {
  readonly in_proj_weight: Param | null;
  readonly q_proj_weight: Param | null;
  readonly k_proj_weight: Param | null;
  readonly v_proj_weight: Param | null;
  readonly in_proj_bias: Param | null;
  readonly out_proj: Linear;
  readonly dropout: number;
  readonly #width: number;
  readonly #heads: number;
  readonly #batchFirst: boolean;

  constructor(
    width: number,
    heads: number,
    { bias = true, dropout = 0, batchFirst = false, kdim = width, vdim = width }: MultiHeadAttentionOptions = {},
  ) {
    super();
    if (!(Number.isInteger(heads) && heads > 0) || width % heads !== 0) {
      throw new ArgumentError("argument/heads", `${heads} heads do not divide a width of ${width}`, { subject: "MultiHeadAttention" });
    }
    const alike = kdim === width && vdim === width;
    this.in_proj_weight = alike ? new Param([3 * width, width], xavierUniform()) : null;
    this.q_proj_weight = alike ? null : new Param([width, width], xavierUniform());
    this.k_proj_weight = alike ? null : new Param([width, kdim], xavierUniform());
    this.v_proj_weight = alike ? null : new Param([width, vdim], xavierUniform());
    this.in_proj_bias = bias ? new Param([3 * width], zeros()) : null;
    this.out_proj = new Linear(width, width, { bias, biasInitialiser: zeros() });
    checkProbability(this, dropout);
    this.dropout = dropout;
    this.#width = width;
    this.#heads = heads;
    this.#batchFirst = batchFirst;
  }

  override forward(query: Tensor, key: Tensor, value: Tensor, masks: AttentionMasks = {}, ctx: Context = EVAL): Attended {
    if ([query, key, value].some(({ rank }) => rank !== 3)) {
      throw new ShapeError("shape/attention", "takes batches of sequences, with 3 axes", {
        subject: "MultiHeadAttention",
        facts: { query: String(query), key: String(key), value: String(value) },
      });
    }
    const [q, k, v] = this.#projections(query, key, value).map((x) => this.#apart(x));
    if (q === undefined || k === undefined || v === undefined) throw new RangeError("three inputs have three projections");
    const visible = { ...this.#visible(masks, q, k), causal: masks.causal ?? false };
    const drops = ctx.mode === "eval" || this.dropout === 0 ? {} : { dropout: this.dropout, ...drawFor(this, ctx) };
    const attended = scaledDotProductAttention(q, k, v, { ...visible, ...drops });
    return { output: this.out_proj.forward(this.#together(attended)), weights: mean(attentionWeights(q, k, visible), { axis: 1 }) };
  }

  override diagnose(query: unknown): string | null {
    const given = query instanceof Tensor ? query.shape.at(-1) : this.#width;
    return given === this.#width ? null : `expects queries of width ${this.#width} but receives ${given ?? "a scalar"}`;
  }

  /** Of self-attention: the projections in, the scores, and the weighted sums; the projection out is a layer of its own. */
  override facts(input: Shape): LayerFacts {
    const time = input[this.#batchFirst ? 1 : 0] ?? 1;
    const rows = sizeOf(input) / this.#width;
    const multiplyAccumulates = rows * (3 * this.#width ** 2 + 2 * time * this.#width);
    return {
      multiplyAccumulates,
      connections: multiplyAccumulates + (this.in_proj_bias === null ? 0 : 3 * rows * this.#width),
      window: "all",
    };
  }

  /** Queries, keys and values, each times its weight. */
  #projections(query: Tensor, key: Tensor, value: Tensor): readonly Tensor[] {
    const width = this.#width;
    const joint = this.in_proj_weight;
    const bias = this.in_proj_bias;
    // One product where there is one input.
    if (joint !== null && query === key && key === value) {
      const product = matmul(query, joint, { transposeB: true });
      return split(bias === null ? product : add(product, bias), width, { axis: -1 });
    }
    const own = [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight];
    return [query, key, value].map((x, i) => {
      const weight = joint === null ? own[i] : narrow(joint, 0, i * width, width);
      if (weight === undefined || weight === null) throw new RangeError("a projection has no weight");
      const product = matmul(x, weight, { transposeB: true });
      return bias === null ? product : add(product, narrow(bias, 0, i * width, width));
    });
  }

  /** A projection [time, batch, width] by heads: [batch, heads, time, width / heads]. */
  #apart(x: Tensor): Tensor {
    const split = reshape(x, [...x.shape.slice(0, 2), this.#heads, this.#width / this.#heads]);
    return permute(split, this.#batchFirst ? [0, 2, 1, 3] : [1, 2, 0, 3]);
  }

  #together(x: Tensor): Tensor {
    const [batch = 1, , time = 1] = x.shape;
    const sequence = permute(x, this.#batchFirst ? [0, 2, 1, 3] : [2, 0, 1, 3]);
    return reshape(sequence, this.#batchFirst ? [batch, time, this.#width] : [time, batch, this.#width]);
  }

  /** Both masks as one of `attentionWeights`, which takes true for what is seen. */
  #visible(
    { mask, keyPaddingMask }: AttentionMasks,
    { shape: [batch = 1, , queries = 1] }: Tensor,
    { shape: [, , keys = 1] }: Tensor,
  ): { mask?: Tensor } {
    const perHead = mask?.rank === 3;
    const own = mask === undefined ? [] : [this.#fit(mask, perHead ? [batch * this.#heads, queries, keys] : [queries, keys], "mask")];
    const padding = keyPaddingMask === undefined ? [] : [this.#fit(keyPaddingMask, [batch, keys], "keyPaddingMask")];
    const [first, second] = [
      ...own.map((x) => (perHead ? reshape(x, [batch, this.#heads, queries, keys]) : x)),
      ...padding.map((x) => unsqueeze(unsqueeze(x, 1), 1)),
    ];
    if (first === undefined) return {};
    if (second === undefined) return { mask: adds(first) ? first : logicalNot(cast(first, "bool")) };
    if (adds(first) && adds(second)) return { mask: add(first, second) };
    if (!adds(first) && !adds(second)) return { mask: logicalNot(logicalOr(cast(first, "bool"), cast(second, "bool"))) };
    const [scores, hides] = adds(first) ? [first, second] : [second, first];
    return { mask: where(cast(hides, "bool"), -Infinity, scores) };
  }

  #fit(mask: Tensor, shape: Shape, name: string): Tensor {
    if (mask.shape.join() === shape.join()) return mask;
    throw new ShapeError("shape/attention-mask", `${name} must be [${shape.join(", ")}]`, {
      subject: "MultiHeadAttention",
      facts: { [name]: String(mask) },
    });
  }
}

function adds({ dtype }: Tensor): boolean {
  return dtype === "float32";
}
