import { add, equal, mul, sub, where } from "@gradus/tensor";
import { refused, unit } from "../check.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import { decayed, type Rule } from "../rule.ts";

export interface SgdOptions extends OptimizerOptions {
  /** How much of the earlier direction is kept; 0 when left out. */
  readonly momentum?: number;
  /** Looks one step ahead along the momentum; false when left out. Needs momentum, and no dampening. */
  readonly nesterov?: boolean;
  /** Share by which a gradient counts less in the momentum, from the second step on; 0 when left out. */
  readonly dampening?: number;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch defines it. With g = gradient + weightDecay * p:
 * m = momentum * m + (1 - dampening) * g, in the first step m = g; p -= learningRate * (nesterov ? g + momentum * m : m).
 *
 * @throws ArgumentError if momentum or dampening lie outside 0 .. 1, or nesterov lacks momentum.
 */
export function sgd({ momentum = 0, nesterov = false, dampening = 0, ...options }: SgdOptions): Optimizer {
  unit("sgd", "momentum", momentum);
  unit("sgd", "dampening", dampening);
  if (nesterov && (momentum === 0 || dampening !== 0)) throw refused("sgd", "nesterov needs momentum, and no dampening");
  return new Optimizer(momentum === 0 ? plain : withMomentum(momentum, nesterov, dampening), options);
}

const plain: Rule = {
  name: "sgd",
  slots: [],
  update: ({ param, grad, learningRate, weightDecay }) => ({
    param: sub(param, mul(learningRate, decayed(grad, param, weightDecay))),
    slots: {},
  }),
};

function withMomentum(momentum: number, nesterov: boolean, dampening: number): Rule<"momentum"> {
  return {
    name: "sgd",
    slots: ["momentum"],
    update({ param, grad, slots, step, learningRate, weightDecay }) {
      const g = decayed(grad, param, weightDecay);
      const before = mul(slots.momentum, momentum);
      // Before the first step the slot is zero, so only dampening tells that step from the others.
      const m = dampening === 0 ? add(before, g) : where(equal(step, 1), g, add(before, mul(g, 1 - dampening)));
      const direction = nesterov ? add(g, mul(m, momentum)) : m;
      return { param: sub(param, mul(learningRate, direction)), slots: { momentum: m } };
    },
  };
}
