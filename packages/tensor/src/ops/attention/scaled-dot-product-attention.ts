import { ArgumentError } from "../../errors.ts";
import type { Key } from "../../random/key.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { attendInParts } from "./attention-in-parts.ts";
import { dropped, type Drops, scoresOf, softmaxOf, whole } from "./scores.ts";

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
 * Of more than 128 queries the scores are never there at once, neither here nor in the gradient: memory grows with the length of
 * the sequences and not with its square (Rabe and Staats, 2021; Dao et al., 2022).
 *
 * Example: `scaledDotProductAttention(q, k, v, { causal: true })`.
 *
 * @throws ShapeError if the shapes do not fit; ArgumentError if `dropout` is no probability, or has no key to draw from.
 */
export function scaledDotProductAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  const { dropout = 0, key: random, salt = 0 } = options;
  if (dropout !== 0 && random === undefined) {
    throw new ArgumentError("argument/attention-key", "dropout needs a random key", {
      subject: "scaledDotProductAttention",
      hint: "pass key, or leave dropout out",
    });
  }
  const drops: Drops | null = dropout === 0 || random === undefined ? null : { p: dropout, key: random, salt };
  if (query.rank > 1 && (query.shape.at(-2) ?? 1) > queriesTogether) {
    return attendInParts(query, key, value, { ...options, drops, together: queriesTogether });
  }
  const window = whole(query, key);
  return matmul(dropped(softmaxOf(scoresOf(query, key, window, options)), window, drops), value);
}

/** Queries, or keys, whose scores are there at once. */
const queriesTogether = 128;

/**
 * How much each query attends to each key: softmax(query keyᵀ * scale + mask), the weights of `scaledDotProductAttention`.
 *
 * Shapes: `query` [..., queries, width], `key` [..., keys, width], result [..., queries, keys].
 *
 * @throws ShapeError if the shapes do not fit.
 */
export function attentionWeights(query: Tensor, key: Tensor, options: AttentionWeightsOptions = {}): Tensor {
  return softmaxOf(scoresOf(query, key, whole(query, key), options));
}
