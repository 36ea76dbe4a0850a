import { add, clamp, div, minimum, mul, norm, type NormOptions, stack, type Tensor } from "@gradus/tensor";
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
  return norm(stack([...grads.values()].map((grad) => norm(grad, { p }))), { p });
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
