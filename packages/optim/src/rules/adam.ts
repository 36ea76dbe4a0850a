import { add, div, maximum, mul, sqrt, square, sub, type Tensor } from "@gradus/tensor";
import { oneMinusPower } from "../bias-correction.ts";
import { notNegative, share } from "../check.ts";
import { Optimizer, type OptimizerOptions } from "../optimizer.ts";
import { averaged, decayed, type Rule, type UpdateCall } from "../rule.ts";

/** What Adam and its relatives take. */
export interface MomentOptions extends Omit<OptimizerOptions, "learningRate"> {
  /** 0.001 when left out, unless the optimizer says otherwise. */
  readonly learningRate?: number;
  /** How slowly the averages of the gradient and of its square forget; [0.9, 0.999] when left out. */
  readonly betas?: readonly [first: number, second: number];
  /** Keeps the division finite, outside the root; 1e-8 when left out. */
  readonly epsilon?: number;
}

export interface AdamOptions extends MomentOptions {
  /** Divides by the largest average of the squares so far, so that step sizes never grow back; false when left out. */
  readonly amsgrad?: boolean;
}

/**
 * Adam, as PyTorch defines it; weight decay is an L2 penalty, added to the gradient g:
 * m = β1 m + (1 - β1) g, v = β2 v + (1 - β2) g²,
 * p -= learningRate * m / (1 - β1^t) / (sqrt(v / (1 - β2^t)) + epsilon).
 * Source: Kingma and Ba, 2015; amsgrad: Reddi, Kale and Kumar, On the Convergence of Adam and Beyond, 2018, algorithm 2.
 *
 * @throws ArgumentError if a beta lies outside 0 .. 1 (1 excluded) or epsilon is negative.
 */
export function adam({ learningRate = 1e-3, betas, epsilon, amsgrad, ...options }: AdamOptions = {}): Optimizer {
  return new Optimizer(adamRule("adam", { betas, epsilon, amsgrad }), { learningRate, ...options });
}

/**
 * AdamW: Adam with weight decay apart from the gradient, p -= learningRate * weightDecay * p before the update.
 * weightDecay is 0.01 when left out. Source: Loshchilov and Hutter, 2019.
 *
 * @throws ArgumentError as `adam` does.
 */
export function adamw({ learningRate = 1e-3, weightDecay = 0.01, betas, epsilon, amsgrad, ...options }: AdamOptions = {}): Optimizer {
  const rule = adamRule("adamw", { betas, epsilon, amsgrad });
  return new Optimizer(rule, { learningRate, weightDecay, decoupledWeightDecay: true, ...options });
}

interface AdamRuleOptions {
  readonly betas: readonly [number, number] | undefined;
  readonly epsilon: number | undefined;
  readonly amsgrad: boolean | undefined;
}

type Moments = "mean" | "square";

function adamRule(
  name: string,
  { betas = [0.9, 0.999], epsilon = 1e-8, amsgrad = false }: AdamRuleOptions,
): Rule<Moments> | Rule<Moments | "largest"> {
  const [first, second] = checkedBetas(name, betas);
  notNegative(name, "epsilon", epsilon);
  const moments = ({ param, grad, slots, weightDecay }: UpdateCall<Moments>): Record<Moments, Tensor> => {
    const g = decayed(grad, param, weightDecay);
    return { mean: averaged(slots.mean, g, first), square: averaged(slots.square, square(g), second) };
  };
  const moved = ({ param, step, learningRate }: UpdateCall<Moments>, mean: Tensor, squares: Tensor): Tensor => {
    const size = add(sqrt(div(squares, oneMinusPower(second, step))), epsilon);
    return sub(param, mul(div(learningRate, oneMinusPower(first, step)), div(mean, size)));
  };
  if (!amsgrad) {
    return {
      name,
      slots: ["mean", "square"],
      update(call: UpdateCall<Moments>) {
        const slots = moments(call);
        return { param: moved(call, slots.mean, slots.square), slots };
      },
    };
  }
  return {
    name,
    slots: ["mean", "square", "largest"],
    update(call: UpdateCall<Moments | "largest">) {
      const slots = moments(call);
      const largest = maximum(call.slots.largest, slots.square);
      return { param: moved(call, slots.mean, largest), slots: { ...slots, largest } };
    },
  };
}

/** The betas themselves; refuses those outside 0 .. 1, 1 excluded. */
export function checkedBetas(name: string, betas: readonly [number, number]): readonly [first: number, second: number] {
  for (const beta of betas) share(name, "each beta", beta);
  return betas;
}
