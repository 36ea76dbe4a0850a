import { clamp, equal, greater, less, mul, sign, sub, where } from "@gradus/tensor";
import { positive, refused } from "../check.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import { decayed, type Rule } from "../rule.ts";

export interface RpropOptions extends Omit<OptimizerOptions, "learningRate"> {
  /** The first size of every step; 0.01 when left out. Later ones follow from the signs of the gradients alone. */
  readonly learningRate?: number;
  /** What a step's size is multiplied by when the gradient changes its sign, and when it keeps it; [0.5, 1.2] when left out. */
  readonly etas?: readonly [shrink: number, grow: number];
  /** Limits of a step's size; [1e-6, 50] when left out. */
  readonly stepSizes?: readonly [smallest: number, largest: number];
}

/**
 * Resilient propagation, as PyTorch defines it, for gradients of the whole data set. Every element has a step size s:
 * it grows while the gradient g keeps its sign and shrinks when g turns, in which case g counts as 0; p -= sign(g) * s.
 * Source: Riedmiller and Braun, A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm, 1993.
 *
 * @throws ArgumentError unless 0 < shrink < 1 < grow and 0 < smallest <= largest.
 */
export function rprop({ learningRate = 1e-2, etas = [0.5, 1.2], stepSizes = [1e-6, 50], ...options }: RpropOptions = {}): Optimizer {
  const [shrink, grow] = etas;
  const [smallest, largest] = stepSizes;
  if (!(shrink > 0 && shrink < 1 && grow > 1 && Number.isFinite(grow)))
    throw refused("rprop", `etas must be a number in 0 .. 1 and one above 1, and are ${shrink} and ${grow}`);
  positive("rprop", "the smallest step size", smallest);
  if (!(largest >= smallest && Number.isFinite(largest)))
    throw refused("rprop", `the largest step size must not be below the smallest, ${smallest}, and is ${largest}`);
  const rule: Rule<"before" | "size"> = {
    name: "rprop",
    slots: ["before", "size"],
    update({ param, grad, slots, step, learningRate: rate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      const agreement = mul(g, sign(slots.before));
      const turned = less(agreement, 0);
      const factor = where(greater(agreement, 0), grow, where(turned, shrink, 1));
      const size = clamp(mul(where(equal(step, 1), rate, slots.size), factor), { min: smallest, max: largest });
      const counted = where(turned, 0, g);
      return { param: sub(param, mul(sign(counted), size)), slots: { before: counted, size } };
    },
  };
  return new Optimizer(rule, { learningRate, ...options });
}
