import { add, clamp, customGrad, div, log, log1p, mul, neg, softplus, sub, type Tensor } from "@gradus/tensor";
import { reduce, type ReductionOptions, requireSameShape } from "./reduction.ts";

export interface BceOptions extends ReductionOptions {
  /** Factor of each element's loss, broadcast to it. */
  readonly weight?: Tensor;
}

export interface BceWithLogitsOptions extends BceOptions {
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
export function bceWithLogits(
  logits: Tensor,
  target: Tensor,
  { weight, posWeight, reduction = "mean" }: BceWithLogitsOptions = {},
): Tensor {
  requireSameShape("bceWithLogits", logits, target);
  const surprise = softplus(neg(logits));
  const scaled = posWeight === undefined ? surprise : mul(surprise, add(mul(sub(posWeight, 1), target), 1));
  const losses = add(mul(sub(1, target), logits), scaled);
  return reduce(weight === undefined ? losses : mul(losses, weight), reduction);
}

/**
 * Binary cross-entropy of probabilities: -(t * log(p) + (1 - t) * log(1 - p)), with t in 0 .. 1. A logarithm counts as
 * -100 at least and p (1 - p) as 1e-12 in the gradient, as in PyTorch, so that a certain error costs a finite amount.
 * From logits, `bceWithLogits` is more precise.
 *
 * @throws ShapeError if probabilities and target differ in shape; nothing but weights is broadcast.
 */
export function bce(probabilities: Tensor, target: Tensor, { weight, reduction = "mean" }: BceOptions = {}): Tensor {
  requireSameShape("bce", probabilities, target);
  const losses = surprisal(probabilities, target);
  return reduce(weight === undefined ? losses : mul(losses, weight), reduction);
}

const surprisal = customGrad(
  (p, t) => sub(mul(sub(t, 1), boundedLog(log1p(neg(p)))), mul(t, boundedLog(log(p)))),
  ({ inputs: [p, t], cotangent }) => {
    if (p === undefined || t === undefined) return [];
    return [
      div(mul(cotangent, sub(p, t)), clamp(mul(sub(1, p), p), { min: 1e-12 })),
      mul(cotangent, sub(boundedLog(log1p(neg(p))), boundedLog(log(p)))),
    ];
  },
);

function boundedLog(logarithm: Tensor): Tensor {
  return clamp(logarithm, { min: -100 });
}
