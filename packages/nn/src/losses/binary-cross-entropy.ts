import { add, mul, neg, softplus, sub, type Tensor } from "@gradus/tensor";
import { reduce, type ReductionOptions, requireSameShape } from "./reduction.ts";

export interface BceOptions extends ReductionOptions {
  /** Factor of each element's loss; broadcast to the logits. */
  readonly weight?: Tensor;
  /** Factor of the loss of positive targets, such as one for each class; broadcast to the logits. */
  readonly posWeight?: Tensor;
}

/**
 * Binary cross-entropy of logits, computed without overflow:
 * -(posWeight * t * log(sigmoid(x)) + (1 - t) * log(1 - sigmoid(x))), with t in 0 .. 1. The mean is over all elements,
 * whatever their weights.
 *
 * @throws ShapeError if logits and target differ in shape; nothing but weights is broadcast.
 */
export function bceWithLogits(logits: Tensor, target: Tensor, { weight, posWeight, reduction = "mean" }: BceOptions = {}): Tensor {
  requireSameShape("bceWithLogits", logits, target);
  const surprise = softplus(neg(logits));
  const scaled = posWeight === undefined ? surprise : mul(surprise, add(mul(sub(posWeight, 1), target), 1));
  const losses = add(mul(sub(1, target), logits), scaled);
  return reduce(weight === undefined ? losses : mul(losses, weight), reduction);
}
