import { mul, sign, sub } from "@gradus/tensor";
import { Optimizer } from "../optimizer.ts";
import { averaged, decayed, type Rule } from "../rule.ts";
import { checkedBetas, type MomentOptions } from "./adam.ts";

/**
 * Lion: steps of one size, by the sign of a momentum. With the gradient g: p -= learningRate * sign(β1 m + (1 - β1) g),
 * then m = β2 m + (1 - β2) g. Weight decay is decoupled; learningRate is 1e-4 and betas are [0.9, 0.99] when left out.
 * Source: Chen et al., Symbolic Discovery of Optimization Algorithms, 2023, algorithm 2.
 *
 * @throws ArgumentError if a beta lies outside 0 .. 1, 1 excluded.
 */
export function lion({ learningRate = 1e-4, betas = [0.9, 0.99], ...options }: Omit<MomentOptions, "epsilon"> = {}): Optimizer {
  const [first, second] = checkedBetas("lion", betas);
  const rule: Rule<"mean"> = {
    name: "lion",
    slots: ["mean"],
    update({ param, grad, slots, learningRate: rate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      return {
        param: sub(param, mul(rate, sign(averaged(slots.mean, g, first)))),
        slots: { mean: averaged(slots.mean, g, second) },
      };
    },
  };
  return new Optimizer(rule, { learningRate, decoupledWeightDecay: true, ...options });
}
