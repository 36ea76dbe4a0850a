import { add, ArgumentError, div, mul, pow, sigmoid, softplus, neg, sub, sum, type Tensor } from "@gradus/tensor";
import { reduce, type ReductionOptions, requireSameShape } from "./reduction.ts";

export interface FocalOptions extends ReductionOptions {
  /** Weight of positive targets, 1 - alpha that of negative ones; null for no weights, 0.25 when left out. */
  readonly alpha?: number | null;
  /** How much less what is already known counts; 2 when left out, 0 for `bceWithLogits`. */
  readonly gamma?: number;
}

/**
 * Binary cross-entropy of logits in which easy elements count less: (1 - q)^gamma * -log(q), where q is the probability
 * given to the truth. Source: Lin et al. (RetinaNet), 2017.
 *
 * @throws ShapeError if the shapes differ; ArgumentError if alpha lies outside 0 .. 1 or gamma is negative.
 */
export function focal(logits: Tensor, target: Tensor, { alpha = 0.25, gamma = 2, reduction = "mean" }: FocalOptions = {}): Tensor {
  requireSameShape("focal", logits, target);
  if (alpha !== null && !(alpha >= 0 && alpha <= 1)) {
    throw new ArgumentError("argument/alpha", `alpha must lie in 0 .. 1, and is ${alpha}`, { subject: "focal" });
  }
  if (!(gamma >= 0)) throw new ArgumentError("argument/gamma", `gamma must not be negative, and is ${gamma}`, { subject: "focal" });
  const entropy = add(mul(sub(1, target), logits), softplus(neg(logits)));
  const p = sigmoid(logits);
  const doubt = add(mul(p, sub(1, target)), mul(sub(1, p), target));
  const losses = gamma === 0 ? entropy : mul(pow(doubt, gamma), entropy);
  return reduce(alpha === null ? losses : mul(losses, add(mul(target, 2 * alpha - 1), 1 - alpha)), reduction);
}

export interface DiceOptions extends ReductionOptions {
  /** Added above and below, so that nothing predicted where nothing is costs 0; 1 when left out. */
  readonly smooth?: number;
}

/**
 * How little two regions overlap: 1 - (2 Σ p t + smooth) / (Σ p + Σ t + smooth), with probabilities p and targets t in 0 .. 1,
 * for each sample and class. Source: Milletari et al. (V-Net), 2016, without their squares.
 *
 * Shapes: both [n, classes, ...], summed over the places; of [n, m] each row is one region. The result is a scalar, or
 * [n, classes] ([n] for rows) with `reduction: "none"`.
 *
 * @throws ShapeError if the shapes differ; ArgumentError if `smooth` is negative.
 */
export function dice(probabilities: Tensor, target: Tensor, { smooth = 1, reduction = "mean" }: DiceOptions = {}): Tensor {
  requireSameShape("dice", probabilities, target);
  if (!(smooth >= 0)) throw new ArgumentError("argument/smooth", `smooth must not be negative, and is ${smooth}`, { subject: "dice" });
  const axis = probabilities.shape.flatMap((_, i) => (i >= Math.min(2, probabilities.rank - 1) ? [i] : []));
  const overlap = add(mul(sum(mul(probabilities, target), { axis }), 2), smooth);
  const both = add(add(sum(probabilities, { axis }), sum(target, { axis })), smooth);
  return reduce(sub(1, div(overlap, both)), reduction);
}
