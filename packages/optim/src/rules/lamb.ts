import { add, div, mul, norm, sqrt, square, sub } from "@gradus/tensor";
import { oneMinusPower } from "../bias-correction.ts";
import { notNegative } from "../check.ts";
import { Optimizer } from "../optimizer.ts";
import { averaged, decayed, type Rule } from "../rule.ts";
import { checkedBetas, type MomentOptions } from "./adam.ts";
import { trustRatio } from "./trust-ratio.ts";

/**
 * LAMB, for large batches: Adam's direction, scaled for each parameter tensor to the size of the parameter. With the
 * gradient g, m and v as in Adam: u = m / (1 - β1^t) / (sqrt(v / (1 - β2^t)) + epsilon) + weightDecay * p,
 * p -= learningRate * |p| / |u| * u, where the ratio is 1 if either length is 0. epsilon is 1e-6 when left out.
 * Source: You et al., Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, 2020, algorithm 2.
 *
 * @throws ArgumentError as `adam` does.
 */
export function lamb({ learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-6, ...options }: MomentOptions = {}): Optimizer {
  const [first, second] = checkedBetas("lamb", betas);
  notNegative("lamb", "epsilon", epsilon);
  const rule: Rule<"mean" | "square"> = {
    name: "lamb",
    slots: ["mean", "square"],
    update({ param, grad, slots, step, learningRate: rate, weightDecay }) {
      const mean = averaged(slots.mean, grad, first);
      const squares = averaged(slots.square, square(grad), second);
      const size = add(sqrt(div(squares, oneMinusPower(second, step))), epsilon);
      const direction = decayed(div(div(mean, oneMinusPower(first, step)), size), param, weightDecay);
      const moved = mul(mul(rate, trustRatio(param, norm(direction))), direction);
      return { param: sub(param, moved), slots: { mean, square: squares } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}
