import { abs, add, div, maximum, mul, sub } from "@gradus/tensor";
import { oneMinusPower } from "../bias-correction.ts";
import { notNegative } from "../check.ts";
import { Optimizer } from "../optimizer.ts";
import { averaged, decayed, type Rule } from "../rule.ts";
import { checkedBetas, type MomentOptions } from "./adam.ts";

/**
 * Adamax, as PyTorch defines it: Adam with the largest gradient in place of the root of the mean square.
 * With g = gradient + weightDecay * p: m = β1 m + (1 - β1) g, u = max(β2 u, |g| + epsilon),
 * p -= learningRate / (1 - β1^t) * m / u. The learning rate is 0.002 when left out.
 * Source: Kingma and Ba, Adam, 2015, section 7.1.
 *
 * @throws ArgumentError as `adam` does.
 */
export function adamax({ learningRate = 2e-3, betas = [0.9, 0.999], epsilon = 1e-8, ...options }: MomentOptions = {}): Optimizer {
  const [first, second] = checkedBetas("adamax", betas);
  notNegative("adamax", "epsilon", epsilon);
  const rule: Rule<"mean" | "largest"> = {
    name: "adamax",
    slots: ["mean", "largest"],
    update({ param, grad, slots, step, learningRate: rate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      const mean = averaged(slots.mean, g, first);
      const largest = maximum(mul(slots.largest, second), add(abs(g), epsilon));
      return { param: sub(param, mul(div(rate, oneMinusPower(first, step)), div(mean, largest))), slots: { mean, largest } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}
