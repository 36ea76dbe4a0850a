import { add, div, exp, expm1, log, mul, neg, sqrt, square, sub, type Tensor } from "@gradus/tensor";
import { oneMinusPower } from "../bias-correction.ts";
import { notNegative } from "../check.ts";
import { Optimizer } from "../optimizer.ts";
import { averaged, decayed, type Rule } from "../rule.ts";
import { checkedBetas, type MomentOptions } from "./adam.ts";

export interface NadamOptions extends MomentOptions {
  /** How fast the momentum grows towards β1; 0.004 when left out. */
  readonly momentumDecay?: number;
}

/**
 * NAdam: Adam with Nesterov's look ahead, as PyTorch defines it. With g = gradient + weightDecay * p, m and v as in Adam,
 * μ_t = β1 (1 - 0.96^(t * momentumDecay) / 2) and Π_t = μ_1 ... μ_t:
 * p -= learningRate * ((1 - μ_t) / (1 - Π_t) * g + μ_{t+1} / (1 - Π_{t+1}) * m) / (sqrt(v / (1 - β2^t)) + epsilon).
 * The learning rate is 0.002 when left out. Source: Dozat, Incorporating Nesterov Momentum into Adam, 2016.
 *
 * @throws ArgumentError as `adam` does, and if momentumDecay is negative.
 */
export function nadam({
  learningRate = 2e-3,
  betas = [0.9, 0.999],
  epsilon = 1e-8,
  momentumDecay = 4e-3,
  ...options
}: NadamOptions = {}): Optimizer {
  const [first, second] = checkedBetas("nadam", betas);
  notNegative("nadam", "epsilon", epsilon);
  notNegative("nadam", "momentumDecay", momentumDecay);
  const momentumAt = (t: Tensor): Tensor => mul(sub(1, mul(exp(mul(t, momentumDecay * Math.log(0.96))), 0.5)), first);
  const rule: Rule<"mean" | "square" | "logProduct"> = {
    name: "nadam",
    // The product of all momenta by its logarithm: it begins as 0, and 1 - Π keeps its digits.
    slots: ["mean", "square", "logProduct"],
    shapeOf: (slot, parameter) => (slot === "logProduct" ? [] : parameter),
    update({ param, grad, slots, step, learningRate: rate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      const mean = averaged(slots.mean, g, first);
      const squares = averaged(slots.square, square(g), second);
      const momentum = momentumAt(step);
      const following = momentumAt(add(step, 1));
      const logProduct = add(slots.logProduct, log(momentum));
      const ofGradient = div(mul(rate, sub(1, momentum)), neg(expm1(logProduct)));
      const ofMean = div(mul(rate, following), neg(expm1(add(logProduct, log(following)))));
      const size = add(sqrt(div(squares, oneMinusPower(second, step))), epsilon);
      const moved = sub(param, div(add(mul(g, ofGradient), mul(mean, ofMean)), size));
      return { param: moved, slots: { mean, square: squares, logProduct } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}
