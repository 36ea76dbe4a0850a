import { add, ArgumentError, clamp, div, log, mean, mul, sub, sum, type Tensor } from "@gradus/tensor";

export interface SparsityPenaltyOptions {
  /** How often a unit is to be active, 0 .. 1 without its ends; 0.05 when left out. */
  readonly target?: number;
  /** Factor of the sum; 1 when left out. */
  readonly strength?: number;
}

/**
 * Draws each unit's mean activity r over the batch to a target t, as the divergence of two coins:
 * strength * Σ over units of t log(t / r) + (1 - t) log((1 - t) / (1 - r)).
 * Source: Ng, "Sparse autoencoder", 2011.
 *
 * Shapes: `activations` [n, ...units] in 0 .. 1, as after a sigmoid; the result is a scalar.
 *
 * @throws ArgumentError if the target does not lie between 0 and 1.
 */
export function sparsityPenalty(activations: Tensor, { target = 0.05, strength = 1 }: SparsityPenaltyOptions = {}): Tensor {
  if (!(target > 0 && target < 1)) {
    throw new ArgumentError("argument/probability", `the target must lie between 0 and 1, and is ${target}`, {
      subject: "sparsityPenalty",
    });
  }
  // A unit that is always off or on would cost infinitely much.
  const activity = clamp(mean(activations, { axis: 0 }), { min: 1e-6, max: 1 - 1e-6 });
  const off = mul(log(div(1 - target, sub(1, activity))), 1 - target);
  return mul(sum(add(mul(log(div(target, activity)), target), off)), strength);
}
