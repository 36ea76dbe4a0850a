import {
  abs,
  add,
  clamp,
  div,
  full,
  minimum,
  mul,
  norm,
  type NormOptions,
  pow,
  sqrt,
  square,
  stack,
  sum,
  type Tensor,
} from "@gradus/tensor";
import { positive } from "./check.ts";

/** Gradients by parameter path. */
export type Gradients = ReadonlyMap<string, Tensor>;

/**
 * Scales all gradients together so that their norm, taken over all elements of all of them, is at most `maxNorm`:
 * g * min(1, maxNorm / (norm + 1e-6)), as PyTorch defines it. `norm` is the one before.
 *
 * `p` is the norm's exponent, 2 when left out; Infinity is the largest magnitude.
 * Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, 2013, algorithm 1.
 *
 * Example: `adam({ clip: (grads) => clipGradNorm(grads, 1).grads })`.
 *
 * @throws ArgumentError unless `maxNorm` is above 0.
 */
export function clipGradNorm(
  grads: Gradients,
  maxNorm: number,
  { p = 2 }: Pick<NormOptions, "p"> = {},
): { readonly grads: Gradients; readonly norm: Tensor } {
  positive("clipGradNorm", "maxNorm", maxNorm);
  const total = gradNorm(grads, { p });
  const scale = minimum(div(maxNorm, add(total, 1e-6)), 1);
  return { grads: new Map([...grads].map(([path, grad]) => [path, mul(grad, scale)])), norm: total };
}

/** The norm over all elements of all gradients, a scalar; `p` is its exponent, 2 when left out. */
export function gradNorm(grads: Gradients, { p = 2 }: Pick<NormOptions, "p"> = {}): Tensor {
  const all = [...grads.values()];
  if (!Number.isFinite(p)) return norm(stack(all.map((grad) => norm(grad, { p }))), { p });
  const total = all.map((grad) => sum(p === 2 ? square(grad) : pow(abs(grad), p))).reduce((a, b) => add(a, b), full([], 0));
  return p === 2 ? sqrt(total) : pow(total, 1 / p);
}

/**
 * Clamps every element of every gradient to -limit .. limit.
 *
 * Example: `sgd({ learningRate: 0.1, clip: (grads) => clipGradValue(grads, 0.5) })`.
 *
 * @throws ArgumentError unless `limit` is above 0.
 */
export function clipGradValue(grads: Gradients, limit: number): Gradients {
  positive("clipGradValue", "limit", limit);
  return new Map([...grads].map(([path, grad]) => [path, clamp(grad, { min: -limit, max: limit })]));
}
