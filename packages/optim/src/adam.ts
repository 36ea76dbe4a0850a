import { add, ArgumentError, div, expm1, mul, neg, sqrt, square, sub, type Tensor } from "@gradus/tensor";
import { Optimizer, type OptimizerOptions } from "./optimizer.ts";
import type { Rule } from "./rule.ts";
import { decayed } from "./sgd.ts";

export interface AdamOptions extends Omit<OptimizerOptions, "learningRate"> {
  /** 0.001 when left out. */
  readonly learningRate?: number;
  /** How slowly the averages of the gradient and of its square forget; [0.9, 0.999] when left out. */
  readonly betas?: readonly [first: number, second: number];
  /** Keeps the division finite, outside the root; 1e-8 when left out. */
  readonly epsilon?: number;
}

/**
 * Adam, as PyTorch defines it; weight decay is an L2 penalty, added to the gradient g:
 * m = β1 m + (1 - β1) g, v = β2 v + (1 - β2) g²,
 * p -= learningRate * m / (1 - β1^t) / (sqrt(v / (1 - β2^t)) + epsilon).
 * Source: Kingma and Ba, 2015.
 *
 * @throws ArgumentError if a beta lies outside 0 .. 1 (1 excluded) or epsilon is negative.
 */
export function adam({ learningRate = 1e-3, betas, epsilon, ...options }: AdamOptions = {}): Optimizer {
  return new Optimizer(adamRule("adam", { betas, epsilon, decoupled: false }), { learningRate, ...options });
}

/**
 * AdamW: Adam with weight decay apart from the gradient, p -= learningRate * weightDecay * p before the update.
 * weightDecay is 0.01 when left out. Source: Loshchilov and Hutter, 2019.
 *
 * @throws ArgumentError as `adam` does.
 */
export function adamw({ learningRate = 1e-3, weightDecay = 0.01, betas, epsilon, ...options }: AdamOptions = {}): Optimizer {
  return new Optimizer(adamRule("adamw", { betas, epsilon, decoupled: true }), { learningRate, weightDecay, ...options });
}

interface AdamRuleOptions {
  readonly betas: readonly [number, number] | undefined;
  readonly epsilon: number | undefined;
  readonly decoupled: boolean;
}

function adamRule(
  name: string,
  { betas: [first, second] = [0.9, 0.999], epsilon = 1e-8, decoupled }: AdamRuleOptions,
): Rule<"mean" | "square"> {
  for (const beta of [first, second]) {
    if (!(beta >= 0 && beta < 1))
      throw new ArgumentError("argument/optimizer", `each beta must lie in 0 .. 1, 1 excluded, and one is ${beta}`, { subject: name });
  }
  if (!(epsilon >= 0 && Number.isFinite(epsilon)))
    throw new ArgumentError("argument/optimizer", `epsilon must not be negative, and is ${epsilon}`, { subject: name });
  return {
    name,
    slots: ["mean", "square"],
    update({ param, grad, slots, step, learningRate, weightDecay }) {
      const g = decoupled ? grad : decayed(grad, param, weightDecay);
      const start = decoupled && weightDecay !== 0 ? mul(param, sub(1, mul(learningRate, weightDecay))) : param;
      const mean = add(mul(slots.mean, first), mul(g, 1 - first));
      const meanSquare = add(mul(slots.square, second), mul(square(g), 1 - second));
      const size = add(sqrt(div(meanSquare, oneMinusPower(second, step))), epsilon);
      return {
        param: sub(start, mul(div(learningRate, oneMinusPower(first, step)), div(mean, size))),
        slots: { mean, square: meanSquare },
      };
    },
  };
}

/** 1 - beta^t as -expm1(t log beta): in float32 the plain difference loses half its digits for beta near 1. */
function oneMinusPower(beta: number, t: Tensor): Tensor | 1 {
  return beta === 0 ? 1 : neg(expm1(mul(t, Math.log(beta))));
}
