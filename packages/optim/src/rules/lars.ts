import { add, mul, norm, sub } from "@gradus/tensor";
import { positive, unit } from "../check.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import { decayed, type Rule } from "../rule.ts";
import { trustRatio } from "./trust-ratio.ts";

export interface LarsOptions extends OptimizerOptions {
  /** How much of the earlier step is kept; 0.9 when left out. */
  readonly momentum?: number;
  /** How far a parameter tensor is trusted to move in one step, relative to its size; 0.001 when left out. */
  readonly trustCoefficient?: number;
}

/**
 * LARS, for large batches: momentum with a learning rate of its own for each parameter tensor. With the gradient g:
 * local = trustCoefficient * |p| / (|g| + weightDecay * |p|), 1 if either length is 0,
 * m = momentum * m + learningRate * local * (g + weightDecay * p), p -= m.
 * Source: You, Gitman and Ginsburg, Large Batch Training of Convolutional Networks, 2017, algorithm 1.
 *
 * @throws ArgumentError if momentum lies outside 0 .. 1 or trustCoefficient is not above 0.
 */
export function lars({ momentum = 0.9, trustCoefficient = 1e-3, ...options }: LarsOptions): Optimizer {
  unit("lars", "momentum", momentum);
  positive("lars", "trustCoefficient", trustCoefficient);
  const rule: Rule<"momentum"> = {
    name: "lars",
    slots: ["momentum"],
    update({ param, grad, slots, learningRate: rate, weightDecay }) {
      const size = decayed(norm(grad), norm(param), weightDecay);
      const local = mul(rate, trustRatio(param, size, trustCoefficient));
      const step = add(mul(slots.momentum, momentum), mul(local, decayed(grad, param, weightDecay)));
      return { param: sub(param, step), slots: { momentum: step } };
    },
  };
  return new Optimizer(rule, options);
}
