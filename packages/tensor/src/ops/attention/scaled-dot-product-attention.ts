import { ArgumentError } from "../../errors.ts";
import type { Key } from "../../random/key.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { lessEqual } from "../pointwise/comparison.ts";
import { logicalAnd } from "../pointwise/logic.ts";
import { where } from "../pointwise/where.ts";
import { bernoulli } from "../random/distributions.ts";
import { softmax } from "../reduce/softmax.ts";
import { arange } from "../source/creation.ts";
import { unsqueeze } from "../view/squeeze.ts";

export interface AttentionWeightsOptions {
  /**
   * Broadcasts to [..., queries, keys]. Of float32, it is added to the scores; else a query looks at a key where it is true.
   * (PyTorch's attention *layers* have it the other way round: there true hides.)
   */
  readonly mask?: Tensor;
  /** Whether query i sees keys 0 to i only; false when left out. */
  readonly causal?: boolean;
  /** Factor of the scores; 1 / sqrt(width) when left out. */
  readonly scale?: number;
}

export interface AttentionOptions extends AttentionWeightsOptions {
  /** Probability of dropping a weight, 0 when left out; needs a key. */
  readonly dropout?: number;
  /** Where what is dropped is drawn from. */
  readonly key?: Key | Tensor;
  /** Tells several draws from one key apart; 0 when left out. */
  readonly salt?: number;
}

/**
 * Attention: softmax(query keyᵀ * scale + mask) value. Source: Vaswani et al., 2017, section 3.2.1.
 *
 * Shapes: `query` [..., queries, width], `key` [..., keys, width], `value` [..., keys, depth], result [..., queries, depth];
 * the axes before broadcast. A query that a boolean mask lets see nothing gets zeros.
 *
 * Example: `scaledDotProductAttention(q, k, v, { causal: true })`.
 *
 * @throws ShapeError if the shapes do not fit; ArgumentError if `dropout` is no probability, or has no key to draw from.
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { dropout = 0, key: random, salt = 0, ...options }: AttentionOptions = {},
): Tensor {
  const weights = attentionWeights(query, key, options);
  if (dropout === 0) return matmul(weights, value);
  if (random === undefined) {
    throw new ArgumentError("argument/attention-key", "dropout needs a random key", {
      subject: "scaledDotProductAttention",
      hint: "pass key, or leave dropout out",
    });
  }
  const kept = bernoulli(weights.shape, { p: 1 - dropout, key: random, salt });
  return matmul(where(kept, dropout === 1 ? 0 : mul(weights, 1 / (1 - dropout)), 0), value);
}

/**
 * How much each query attends to each key: softmax(query keyᵀ * scale + mask), the weights of `scaledDotProductAttention`.
 *
 * Shapes: `query` [..., queries, width], `key` [..., keys, width], result [..., queries, keys].
 *
 * @throws ShapeError if the shapes do not fit.
 */
export function attentionWeights(query: Tensor, key: Tensor, { mask, causal = false, scale }: AttentionWeightsOptions = {}): Tensor {
  const factor = scale ?? 1 / Math.sqrt(query.shape.at(-1) ?? 1);
  const scores = mul(matmul(query, key, { transposeB: true }), factor);
  const past = causal ? pastOf(query.shape.at(-2) ?? 1, key.shape.at(-2) ?? 1) : null;
  if (mask === undefined) return softmax(past === null ? scores : where(past, scores, hidden));
  const additive = mask.dtype === "float32";
  const moved = additive ? add(scores, mask) : scores;
  const truths = additive ? null : cast(mask, "bool");
  const visible = past === null || truths === null ? (truths ?? past) : logicalAnd(truths, past);
  if (visible === null) return softmax(moved);
  const weights = softmax(where(visible, moved, hidden));
  // Where nothing is to be seen, the softmax of equal scores would look at everything.
  return truths === null ? weights : where(visible, weights, 0);
}

/** A score whose weight is 0 beside any other. Finite, so that a row of them has no NaN. */
const hidden = -1e30;

function pastOf(queries: number, keys: number): Tensor {
  return lessEqual(unsqueeze(arange(keys), 0), unsqueeze(arange(queries), 1));
}
