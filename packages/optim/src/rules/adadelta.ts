import { add, div, mul, sqrt, square, sub } from "@gradus/tensor";
import { notNegative, share } from "../check.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import { averaged, decayed, type Rule } from "../rule.ts";

export interface AdadeltaOptions extends Omit<OptimizerOptions, "learningRate"> {
  /** 1 when left out, the paper's. */
  readonly learningRate?: number;
  /** How much of both averages is kept; 0.9 when left out. */
  readonly rho?: number;
  /** Keeps the division finite and the first steps from being 0, on both sides of the division; 1e-6 when left out. */
  readonly epsilon?: number;
}

/**
 * Adadelta, as PyTorch defines it. With g = gradient + weightDecay * p: v = ρ v + (1 - ρ) g²,
 * d = sqrt((u + epsilon) / (v + epsilon)) * g, u = ρ u + (1 - ρ) d², p -= learningRate * d.
 * Source: Zeiler, ADADELTA, 2012, algorithm 1.
 *
 * @throws ArgumentError if rho lies outside 0 .. 1 (1 excluded) or epsilon is negative.
 */
export function adadelta({ learningRate = 1, rho = 0.9, epsilon = 1e-6, ...options }: AdadeltaOptions = {}): Optimizer {
  share("adadelta", "rho", rho);
  notNegative("adadelta", "epsilon", epsilon);
  const rule: Rule<"square" | "change"> = {
    name: "adadelta",
    slots: ["square", "change"],
    update({ param, grad, slots, learningRate: rate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      const squares = averaged(slots.square, square(g), rho);
      const ratio = div(add(slots.change, epsilon), add(squares, epsilon));
      // d² without the root: the step and the average then share no costly value, and are one kernel.
      const change = averaged(slots.change, mul(ratio, square(g)), rho);
      return { param: sub(param, mul(rate, mul(sqrt(ratio), g))), slots: { square: squares, change } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}
