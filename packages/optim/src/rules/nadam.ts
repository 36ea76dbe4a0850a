import { add, div, exp, expm1, mul, neg, sqrt, square, sub, type Tensor } from "@gradus/tensor";
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
  const rule: Rule<"mean" | "square"> = {
    name: "nadam",
    slots: ["mean", "square"],
    update({ param, grad, slots, step, learningRate: rate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      const mean = averaged(slots.mean, g, first);
      const squares = averaged(slots.square, square(g), second);
      const next = add(step, 1);
      const ofGradient = div(mul(rate, sub(1, momentumAt(step))), oneMinusProduct(first, momentumDecay, step));
      const ofMean = div(mul(rate, momentumAt(next)), oneMinusProduct(first, momentumDecay, next));
      const size = add(sqrt(div(squares, oneMinusPower(second, step))), epsilon);
      const moved = sub(param, div(add(mul(g, ofGradient), mul(mean, ofMean)), size));
      return { param: moved, slots: { mean, square: squares } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}

/**
 * 1 - Π_t as a function of t alone, so that the product needs no state.
 *
 * With q = 0.96^momentumDecay, log(1 - q^i / 2) = -Σ_k (q^i / 2)^k / k, and the geometric sums over i give
 * log Π_t = t log β1 - Σ_k c_k (1 - q^(k t)), c_k = q^k / (k 2^k (1 - q^k)): with y = q^t that is (1 - y) times a polynomial
 * in y with positive coefficients, which loses no digits. 30 terms are exact in float32.
 */
function oneMinusProduct(beta: number, momentumDecay: number, t: Tensor): Tensor | 1 {
  if (beta === 0) return 1;
  if (momentumDecay === 0) return oneMinusPower(beta / 2, t);
  const rate = momentumDecay * Math.log(0.96);
  const y = exp(mul(t, rate));
  let coefficient = 0;
  let polynomial: Tensor | 0 = 0;
  for (let k = 30; k >= 1; k--) {
    coefficient += Math.exp(k * rate) / (k * 2 ** k * -Math.expm1(k * rate));
    polynomial = add(mul(y, polynomial), coefficient);
  }
  return neg(expm1(add(mul(t, Math.log(beta)), mul(expm1(mul(t, rate)), polynomial))));
}
