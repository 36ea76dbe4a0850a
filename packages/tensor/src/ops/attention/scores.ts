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
import { iota } from "../source/iota.ts";
import { narrow } from "../view/slice.ts";

/**
 * Neighbours along an axis of `of`.
 *
 * @internal
 */
export interface Span {
  readonly first: number;
  readonly count: number;
  readonly of: number;
}

/**
 * Some queries, and some of the keys they look at.
 *
 * @internal
 */
export interface Window {
  readonly queries: Span;
  readonly keys: Span;
}

/**
 * What is dropped of the weights, and where that is drawn from.
 *
 * @internal
 */
export interface Drops {
  readonly p: number;
  readonly key: Key | Tensor;
  readonly salt: number;
}

/**
 * Scores, with those that are hidden far below the others.
 *
 * @internal
 */
export interface Scores {
  readonly scores: Tensor;
  /** What is seen, where a query may see nothing at all; null where each sees something. */
  readonly seen: Tensor | null;
}

/** @internal */
export interface ScoreOptions {
  readonly mask?: Tensor;
  readonly causal?: boolean;
  readonly scale?: number;
}

/** @internal */
export function whole(query: Tensor, key: Tensor): Window {
  const all = (x: Tensor): Span => ({ first: 0, count: x.shape.at(-2) ?? 1, of: x.shape.at(-2) ?? 1 });
  return { queries: all(query), keys: all(key) };
}

/**
 * The scores of a window, from its queries, keys and part of the mask.
 *
 * @internal
 */
export function scoresOf(query: Tensor, key: Tensor, window: Window, { mask, causal = false, scale }: ScoreOptions): Scores {
  const factor = scale ?? 1 / Math.sqrt(query.shape.at(-1) ?? 1);
  const scores = mul(matmul(query, key, { transposeB: true }), factor);
  const past = causal ? pastOf(window) : null;
  if (mask === undefined) return { scores: past === null ? scores : where(past, scores, hidden), seen: null };
  const additive = isAdded(mask);
  const moved = additive ? add(scores, mask) : scores;
  const truths = additive ? null : cast(mask, "bool");
  const seen = past === null || truths === null ? (truths ?? past) : logicalAnd(truths, past);
  return { scores: seen === null ? moved : where(seen, moved, hidden), seen: truths === null ? null : seen };
}

/**
 * Whether a mask is added to the scores, and not what is seen.
 *
 * @internal
 */
export function isAdded({ dtype }: Tensor): boolean {
  return dtype === "float32";
}

/** @internal */
export function softmaxOf({ scores, seen }: Scores): Tensor {
  const weights = softmax(scores);
  // Where nothing is to be seen, the softmax of equal scores would look at everything.
  return seen === null ? weights : where(seen, weights, 0);
}

/**
 * Weights with some of them dropped. Drawn for all queries and keys, so that it does not depend on the window.
 *
 * @internal
 */
export function dropped(weights: Tensor, { queries, keys }: Window, drops: Drops | null): Tensor {
  if (drops === null) return weights;
  const { p, key, salt } = drops;
  const kept = bernoulli([...weights.shape.slice(0, -2), queries.of, keys.of], { p: 1 - p, key, salt });
  return where(within(within(kept, -2, queries), -1, keys), p === 1 ? 0 : mul(weights, 1 / (1 - p)), 0);
}

/**
 * A span of an axis; an axis of extent 1 serves all.
 *
 * @internal
 */
export function within(x: Tensor, axis: -1 | -2, { first, count }: Span): Tensor {
  return (x.shape.at(axis) ?? 1) === 1 ? x : narrow(x, axis, first, count);
}

/** A score whose weight is 0 beside any other. Finite, so that a row of them has no NaN. */
const hidden = -1e30;

/** Counted from the corner of the window, so that it is cheaper to compute again than to keep. */
function pastOf({ queries, keys }: Window): Tensor {
  const shape = [queries.count, keys.count];
  return lessEqual(iota(shape, 1), add(iota(shape, 0), queries.first - keys.first));
}
