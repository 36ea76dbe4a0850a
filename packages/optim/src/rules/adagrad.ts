import { add, div, equal, mul, sqrt, square, sub, where } from "@gradus/tensor";
import { notNegative } from "../check.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import { decayed, type Rule } from "../rule.ts";

export interface AdagradOptions extends Omit<OptimizerOptions, "learningRate"> {
  /** 0.01 when left out. */
  readonly learningRate?: number;
  /** Divides the learning rate by 1 + (t - 1) * learningRateDecay at step t; 0 when left out. */
  readonly learningRateDecay?: number;
  /** What the sums of squares begin with; 0 when left out. */
  readonly initialAccumulator?: number;
  /** Keeps the division finite, outside the root; 1e-10 when left out. */
  readonly epsilon?: number;
}

/**
 * Adagrad, as PyTorch defines it. With g = gradient + weightDecay * p: s += g²,
 * p -= learningRate / (1 + (t - 1) * learningRateDecay) * g / (sqrt(s) + epsilon).
 * Source: Duchi, Hazan and Singer, Adaptive Subgradient Methods, 2011.
 *
 * @throws ArgumentError for an option that is negative.
 */
export function adagrad({
  learningRate = 1e-2,
  learningRateDecay = 0,
  initialAccumulator = 0,
  epsilon = 1e-10,
  ...options
}: AdagradOptions = {}): Optimizer {
  for (const [name, value] of Object.entries({ learningRateDecay, initialAccumulator, epsilon })) notNegative("adagrad", name, value);
  const rule: Rule<"sum"> = {
    name: "adagrad",
    slots: ["sum"],
    update({ param, grad, slots, step, learningRate: rate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      const before = initialAccumulator === 0 ? slots.sum : where(equal(step, 1), initialAccumulator, slots.sum);
      const sum = add(before, square(g));
      const slowed = learningRateDecay === 0 ? rate : div(rate, add(mul(sub(step, 1), learningRateDecay), 1));
      return { param: sub(param, mul(slowed, div(g, add(sqrt(sum), epsilon)))), slots: { sum } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}
