import { propagate } from "../../grad.ts";
import type { Tensor } from "../../tensor.ts";
import { customGrad } from "../autograd/custom-grad.ts";
import { matmul } from "../library/matmul.ts";
import { add, mul, neg, sub } from "../pointwise/arithmetic.ts";
import { exp } from "../pointwise/exponential.ts";
import { where } from "../pointwise/where.ts";
import { logSumExp } from "../reduce/softmax.ts";
import { sum } from "../reduce/sum.ts";
import { zerosLike } from "../source/creation.ts";
import { concat } from "../view/concat.ts";
import { identity } from "../view/identity.ts";
import { dropped, type Drops, isAdded, type ScoreOptions, scoresOf, softmaxOf, type Span, type Window, within } from "./scores.ts";

/** @internal */
export interface AttentionInParts extends ScoreOptions {
  readonly drops: Drops | null;
  /** Queries, or keys, whose scores are there at once. */
  readonly together: number;
}

/**
 * Attention, some queries at a time. The gradient computes the scores again: those of some queries for what flows to them, those of
 * some keys for what flows to these, so that every part of a gradient is finished at once.
 *
 * A weight is exp(score - norm), where a query's norm is the logarithm of its sum of exponentials. With the norms as constants, what
 * flows back through the output and, times the correction -sum(cotangent * output), through a query's sum of weights is the gradient
 * of softmax. Source: Dao et al., 2022, appendix B.
 *
 * @internal
 */
export function attendInParts(query: Tensor, key: Tensor, value: Tensor, attention: AttentionInParts): Tensor {
  const { mask, causal = false, drops, together } = attention;
  const [queries = 1, keys = 1] = [query.shape.at(-2), key.shape.at(-2)];
  const added = mask !== undefined && isAdded(mask) ? [mask] : [];
  // No query sees a later key; but what flows to a mask that is added has all of them.
  const byQueries = spansOf(queries, together).map((each): Window => {
    const count = causal && added.length === 0 ? halvedTo(Math.min(keys, each.first + each.count), keys) : keys;
    return { queries: each, keys: { first: 0, count, of: keys } };
  });
  const byKeys = spansOf(keys, together).map((each): Window => {
    const count = causal ? halvedTo(Math.max(0, queries - each.first), queries) : queries;
    return { queries: { first: queries - count, count, of: queries }, keys: each };
  });
  const maskWithin = (mask: Tensor | undefined, { queries, keys }: Window): { mask?: Tensor } =>
    mask === undefined ? {} : { mask: within(within(mask, -2, queries), -1, keys) };

  let norms: Tensor | null = null;
  const forward = (query: Tensor, key: Tensor, value: Tensor): Tensor => {
    const parts = byQueries.map((window) => {
      const scores = scoresOf(within(query, -2, window.queries), within(key, -2, window.keys), window, {
        ...attention,
        ...maskWithin(mask, window),
      });
      const output = matmul(dropped(softmaxOf(scores), window, drops), within(value, -2, window.keys));
      return { output, norm: logSumExp(scores.scores, { axis: -1, keepDims: true }) };
    });
    norms = joined(parts.map(({ norm }) => norm));
    return joined(parts.map(({ output }) => output));
  };
  return customGrad(forward, ({ inputs, output, cotangent }) => {
    const [query = output, key = output, value = output] = inputs;
    const correction = neg(sum(mul(cotangent, output), { axis: -1, keepDims: true }));
    /** What flows through one window to its part of each input. */
    const pulled = (window: Window): readonly Tensor[] => {
      const { queries, keys } = window;
      const part = (x: Tensor | null, axis: -1 | -2, span: Span): Tensor => identity(within(x ?? output, axis, span));
      const own = maskWithin(inputs[3] ?? mask, window).mask;
      const parts = [part(query, -2, queries), part(key, -2, keys), part(value, -2, keys), ...(own === undefined ? [] : [identity(own)])];
      // A key that is later than all queries.
      if (queries.count === 0) return parts.map((x) => zerosLike(x));
      const [q = output, k = output, v = output, m] = parts;
      const { scores, seen } = scoresOf(q, k, window, { ...attention, ...(m === undefined ? {} : { mask: m }) });
      const powers = exp(sub(scores, part(norms, -2, queries)));
      const weights = seen === null ? powers : where(seen, powers, 0);
      const seeds = [
        [matmul(dropped(weights, window, drops), v), part(cotangent, -2, queries)],
        [sum(weights, { axis: -1, keepDims: true }), part(correction, -2, queries)],
      ] as const;
      return propagate(seeds, parts).map((flowing, i) => flowing ?? zerosLike(parts[i] ?? output));
    };
    const [toQueries = [], , , toMask = []] = transposed(byQueries.map(pulled));
    const [, toKeys = [], toValues = []] = transposed(byKeys.map(pulled));
    // Rows of a mask that serves all queries are one.
    const toAdded = added.map((x) => ((x.shape.at(-2) ?? 1) === 1 ? toMask.reduce((sum, part) => add(sum, part)) : joined(toMask)));
    return [joined(toQueries), joined(toKeys), joined(toValues), ...toAdded];
  })(query, key, value, ...added);
}

function transposed(rows: readonly (readonly Tensor[])[]): readonly (readonly Tensor[])[] {
  return (rows[0] ?? []).map((_, column) => rows.flatMap((row) => row[column] ?? []));
}

/** An axis in parts of at most so many. */
function spansOf(of: number, together: number): Span[] {
  const spans: Span[] = [];
  for (let first = 0; first < of; first += together) spans.push({ first, count: Math.min(together, of - first), of });
  return spans;
}

/** At least `least`, by halving: the spans of many windows are then few different ones, whose copies together are less than two wholes. */
function halvedTo(least: number, of: number): number {
  if (least === 0) return 0;
  let count = of;
  while (count > 1 && Math.ceil(count / 2) >= least) count = Math.ceil(count / 2);
  return count;
}

function joined(parts: readonly Tensor[]): Tensor {
  return concat(parts, { axis: -2 });
}
