import { add, div, exp, log1p, maximum, mul, sub } from "@gradus/tensor";
import { notNegative } from "../check.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import { decayed, type Rule } from "../rule.ts";

export interface AsgdOptions extends Omit<OptimizerOptions, "learningRate"> {
  /** 0.01 when left out. */
  readonly learningRate?: number;
  /** How fast the rate falls, and how strongly parameters are drawn to 0; 1e-4 when left out. */
  readonly lambda?: number;
  /** The power the rate falls with; 0.75 when left out. */
  readonly alpha?: number;
  /** Steps before averaging begins; 1e6 when left out. */
  readonly averageFrom?: number;
}

/**
 * Averaged stochastic gradient descent, as PyTorch defines it. With g = gradient + weightDecay * p and
 * η = learningRate / (1 + lambda * learningRate * (t - 1))^alpha: p = p * (1 - lambda * η) - η g,
 * a += (p - a) / max(1, t - 1 - averageFrom). `averagedWeights` gives the average a.
 * Source: Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992.
 *
 * @throws ArgumentError for an option that is negative.
 */
export function asgd({ learningRate = 1e-2, lambda = 1e-4, alpha = 0.75, averageFrom = 1e6, ...options }: AsgdOptions = {}): Optimizer {
  for (const [name, value] of Object.entries({ lambda, alpha, averageFrom })) notNegative("asgd", name, value);
  const rule: Rule<"average"> = {
    name: "asgd",
    slots: ["average"],
    update({ param, grad, slots, step, learningRate: rate, weightDecay }) {
      const done = sub(step, 1);
      const eta = mul(rate, exp(mul(log1p(mul(mul(done, rate), lambda)), -alpha)));
      const moved = sub(mul(param, sub(1, mul(eta, lambda))), mul(eta, decayed(grad, param, weightDecay)));
      const average = add(slots.average, div(sub(moved, slots.average), maximum(sub(done, averageFrom), 1)));
      return { param: moved, slots: { average } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}
