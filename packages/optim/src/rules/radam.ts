import { add, div, expm1, greater, less, mul, sqrt, square, sub, type Tensor, where } from "@gradus/tensor";
import { oneMinusPower } from "../bias-correction.ts";
import { notNegative } from "../check.ts";
import { Optimizer } from "../optimizer.ts";
import { averaged, decayed, type Rule } from "../rule.ts";
import { checkedBetas, type MomentOptions } from "./adam.ts";

/**
 * RAdam: Adam without its division in the first steps, where the mean square is too uncertain, and with a factor that
 * makes up for that uncertainty after them, as PyTorch defines it. With g = gradient + weightDecay * p, m and v as in Adam,
 * ρ∞ = 2 / (1 - β2) - 1 and ρ = ρ∞ - 2 t β2^t / (1 - β2^t): p -= learningRate * m / (1 - β1^t), where ρ > 5 times
 * sqrt((ρ - 4)(ρ - 2)ρ∞ / ((ρ∞ - 4)(ρ∞ - 2)ρ)) * sqrt(1 - β2^t) / (sqrt(v) + epsilon).
 * Source: Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, 2020, algorithm 2.
 *
 * @throws ArgumentError as `adam` does.
 */
export function radam({ learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8, ...options }: MomentOptions = {}): Optimizer {
  const [first, second] = checkedBetas("radam", betas);
  notNegative("radam", "epsilon", epsilon);
  const longest = 2 / (1 - second) - 1;
  const rule: Rule<"mean" | "square"> = {
    name: "radam",
    slots: ["mean", "square"],
    update({ param, grad, slots, step, learningRate: rate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      const mean = averaged(slots.mean, g, first);
      const squares = averaged(slots.square, square(g), second);
      const length = lengthOf(second, step);
      const certain = greater(length, 5);
      // Below 4 there is no root: it is taken of 5 there, and not used.
      const safe = where(certain, length, 5);
      const ratio = div(mul(mul(sub(safe, 4), sub(safe, 2)), longest / ((longest - 4) * (longest - 2))), safe);
      const rectified = div(sqrt(mul(ratio, oneMinusPower(second, step))), add(sqrt(squares), epsilon));
      const moved = mul(div(rate, oneMinusPower(first, step)), mul(mean, where(certain, rectified, 1)));
      return { param: sub(param, moved), slots: { mean, square: squares } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}

/**
 * ρ = 2 / (1 - β) - 1 - 2 t β^t / (1 - β^t): the number of gradients the average of squares stands for.
 *
 * As written it is a difference of numbers near 2000 that is near 5. With x = -t log β it is
 * (2 / (1 - β) - 1 - 2 / L) + 2 / L * (1 - x / (e^x - 1)), L = -log β, whose first bracket is a small constant and whose second
 * is x / 2 - x² / 12 + x⁴ / 720 - ... for small x.
 */
function lengthOf(beta: number, t: Tensor): Tensor {
  const rate = -Math.log(beta);
  const x = mul(t, rate);
  const y = square(x);
  const series = add(mul(x, 0.5), mul(y, sub(mul(y, sub(1 / 720, mul(y, sub(1 / 30240, mul(y, 1 / 1209600))))), 1 / 12)));
  const tail = where(less(x, 0.5), series, sub(1, div(x, expm1(x))));
  return add(mul(tail, 2 / rate), 2 / (1 - beta) - 1 - 2 / rate);
}
