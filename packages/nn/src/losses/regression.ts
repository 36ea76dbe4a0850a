import { abs, square, sub, type Tensor } from "@gradus/tensor";
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
