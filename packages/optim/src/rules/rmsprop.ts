import { add, div, maximum, mul, sqrt, square, sub, type Tensor } from "@gradus/tensor";
import { notNegative, share, unit } from "../check.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import { averaged, decayed, type Rule } from "../rule.ts";

export interface RmspropOptions extends Omit<OptimizerOptions, "learningRate"> {
  /** 0.01 when left out. */
  readonly learningRate?: number;
  /** How much of the average of squares is kept; 0.99 when left out. */
  readonly alpha?: number;
  /** Keeps the division finite, outside the root; 1e-8 when left out. */
  readonly epsilon?: number;
  /** How much of the earlier direction is kept; 0 when left out. */
  readonly momentum?: number;
  /** Divides by the estimated deviation of the gradient, not by its size; false when left out. */
  readonly centered?: boolean;
}

/**
 * RMSProp, as PyTorch defines it. With g = gradient + weightDecay * p:
 * v = α v + (1 - α) g²; size = sqrt(v) + epsilon, or centered sqrt(v - a²) + epsilon with a = α a + (1 - α) g;
 * b = momentum * b + g / size; p -= learningRate * b.
 * Source: Tieleman and Hinton, Lecture 6.5, 2012; centered: Graves, Generating Sequences With Recurrent Neural Networks, 2013.
 *
 * @throws ArgumentError if alpha or momentum lie outside 0 .. 1 or epsilon is negative.
 */
export function rmsprop({
  learningRate = 1e-2,
  alpha = 0.99,
  epsilon = 1e-8,
  momentum = 0,
  centered = false,
  ...options
}: RmspropOptions = {}): Optimizer {
  share("rmsprop", "alpha", alpha);
  notNegative("rmsprop", "epsilon", epsilon);
  unit("rmsprop", "momentum", momentum);
  const rule: Rule<"square" | "mean" | "momentum"> = {
    name: "rmsprop",
    // The last two are there only where they are used.
    slots: ["square", ...(centered ? (["mean"] as const) : []), ...(momentum > 0 ? (["momentum"] as const) : [])],
    update({ param, grad, slots, learningRate: rate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      const kept: Partial<Record<"mean" | "momentum", Tensor>> = {};
      const squares = averaged(slots.square, square(g), alpha);
      let variance = squares;
      if (centered) {
        kept.mean = averaged(slots.mean, g, alpha);
        // Rounding can leave a difference of equal numbers a little below 0, where there is no root.
        variance = maximum(sub(squares, square(kept.mean)), 0);
      }
      let direction = div(g, add(sqrt(variance), epsilon));
      if (momentum > 0) direction = kept.momentum = add(mul(slots.momentum, momentum), direction);
      return { param: sub(param, mul(rate, direction)), slots: { ...slots, ...kept, square: squares } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}
