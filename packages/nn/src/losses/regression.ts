import { abs, ArgumentError, clamp, mul, square, sub, type Tensor } from "@gradus/tensor";
import { reduce, type ReductionOptions, requireSameShape } from "./reduction.ts";

/**
 * Mean squared error: mean((prediction - target)^2).
 *
 * @throws ShapeError if the shapes differ; nothing is broadcast.
 */
export function mse(prediction: Tensor, target: Tensor, { reduction = "mean" }: ReductionOptions = {}): Tensor {
  requireSameShape("mse", prediction, target);
  return reduce(square(sub(prediction, target)), reduction);
}

/**
 * Mean absolute error: mean(|prediction - target|). Its gradient is 0 where they are equal.
 *
 * @throws ShapeError if the shapes differ; nothing is broadcast.
 */
export function l1(prediction: Tensor, target: Tensor, { reduction = "mean" }: ReductionOptions = {}): Tensor {
  requireSameShape("l1", prediction, target);
  return reduce(abs(sub(prediction, target)), reduction);
}

export interface HuberOptions extends ReductionOptions {
  /** Distance at which the square becomes a line; 1 when left out. */
  readonly delta?: number;
}

/**
 * A square near the target and a line far from it, with d = |prediction - target|: d^2 / 2 up to delta, and
 * delta * (d - delta / 2) beyond. Source: Huber, 1964.
 *
 * @throws ShapeError if the shapes differ; ArgumentError if delta is not above 0.
 */
export function huber(prediction: Tensor, target: Tensor, { delta = 1, reduction = "mean" }: HuberOptions = {}): Tensor {
  if (!(delta > 0)) throw new ArgumentError("argument/delta", `delta must be above 0, and is ${delta}`, { subject: "huber" });
  requireSameShape("huber", prediction, target);
  return reduce(bent(prediction, target, delta), reduction);
}

export interface SmoothL1Options extends ReductionOptions {
  /** Distance at which the square becomes a line; 1 when left out. With 0 it is `l1`. */
  readonly beta?: number;
}

/**
 * `l1` with its kink rounded off, with d = |prediction - target|: d^2 / (2 beta) up to beta, and d - beta / 2 beyond;
 * that is huber / beta. Source: Girshick (Fast R-CNN), 2015.
 *
 * @throws ShapeError if the shapes differ; ArgumentError if beta is negative.
 */
export function smoothL1(prediction: Tensor, target: Tensor, { beta = 1, reduction = "mean" }: SmoothL1Options = {}): Tensor {
  if (!(beta >= 0)) throw new ArgumentError("argument/beta", `beta must not be negative, and is ${beta}`, { subject: "smoothL1" });
  if (beta === 0) return l1(prediction, target, { reduction });
  requireSameShape("smoothL1", prediction, target);
  return reduce(mul(bent(prediction, target, beta), 1 / beta), reduction);
}

/** With c = min(d, delta), both pieces are c * (d - c / 2). */
function bent(prediction: Tensor, target: Tensor, delta: number): Tensor {
  const distance = abs(sub(prediction, target));
  const near = clamp(distance, { max: delta });
  return mul(near, sub(distance, mul(near, 0.5)));
}
