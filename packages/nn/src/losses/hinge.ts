import { add, ArgumentError, mul, neg, notEqual, relu, square, sub, sum, type Tensor, where } from "@gradus/tensor";
import { checkLabels, chosenClasses, perClass } from "./labels.ts";
import { reduce, type ReductionOptions, requireSameShape } from "./reduction.ts";

export interface HingeOptions extends ReductionOptions {
  /** How far on its own side a score must lie to cost nothing; 1 when left out. */
  readonly margin?: number;
}

/**
 * The loss of a support-vector machine: max(0, margin - target * score), with targets -1 and 1.
 * Source: Cortes and Vapnik, 1995.
 *
 * @throws ShapeError if the shapes differ; nothing is broadcast.
 */
export function hinge(scores: Tensor, target: Tensor, { margin = 1, reduction = "mean" }: HingeOptions = {}): Tensor {
  requireSameShape("hinge", scores, target);
  return reduce(relu(sub(margin, mul(target, scores))), reduction);
}

/**
 * `hinge` squared, and so smooth where it begins: max(0, margin - target * score)^2. Source: Tang, 2013.
 *
 * @throws ShapeError if the shapes differ; nothing is broadcast.
 */
export function squaredHinge(scores: Tensor, target: Tensor, { margin = 1, reduction = "mean" }: HingeOptions = {}): Tensor {
  requireSameShape("squaredHinge", scores, target);
  return reduce(square(relu(sub(margin, mul(target, scores)))), reduction);
}

/**
 * The loss of distances: the distance itself for target 1, max(0, margin - distance) for target -1.
 * Source: Hadsell et al., 2006, without their squares.
 *
 * @throws ShapeError if the shapes differ; nothing is broadcast.
 */
export function hingeEmbedding(distances: Tensor, target: Tensor, { margin = 1, reduction = "mean" }: HingeOptions = {}): Tensor {
  requireSameShape("hingeEmbedding", distances, target);
  const alike = where(notEqual(target, -1), distances, 0);
  return reduce(add(alike, where(notEqual(target, 1), relu(sub(margin, distances)), 0)), reduction);
}

export interface MarginRankingOptions extends ReductionOptions {
  /** How much higher the higher one has to be; 0 when left out. */
  readonly margin?: number;
}

/**
 * Which of two scores is to be higher: max(0, margin - target * (first - second)), with target 1 for the first and -1 for the second.
 *
 * @throws ShapeError if the shapes differ; nothing is broadcast.
 */
export function marginRanking(
  first: Tensor,
  second: Tensor,
  target: Tensor,
  { margin = 0, reduction = "mean" }: MarginRankingOptions = {},
): Tensor {
  requireSameShape("marginRanking", first, second);
  requireSameShape("marginRanking", first, target);
  return reduce(relu(add(neg(mul(target, sub(first, second))), margin)), reduction);
}

export interface MultiMarginOptions extends HingeOptions {
  /** The exponent, 1 (when left out) or 2. */
  readonly p?: 1 | 2;
  /** A factor for each class, of the losses of samples with its label: [classes]. */
  readonly weight?: Tensor;
}

/**
 * A support-vector machine of several classes: Σ over wrong classes of max(0, margin - score[label] + score)^p, divided
 * by the number of classes. Source: Weston and Watkins, 1999.
 *
 * Shapes: `scores` [n, classes], `labels` [n] of integers; the result is a scalar, or [n] with `reduction: "none"`.
 *
 * @throws ShapeError, DTypeError; ArgumentError if p is neither 1 nor 2.
 */
export function multiMargin(
  scores: Tensor,
  labels: Tensor,
  { p = 1, margin = 1, weight, reduction = "mean" }: MultiMarginOptions = {},
): Tensor {
  if (p !== 1 && p !== 2) throw new ArgumentError("argument/exponent", `p must be 1 or 2, and is ${String(p)}`, { subject: "multiMargin" });
  checkLabels("multiMargin", scores, labels);
  const chosen = chosenClasses(labels, scores);
  const own = sum(where(chosen, scores, 0), { axis: 1, keepDims: true });
  const short = relu(add(sub(scores, own), margin));
  const cost = where(chosen, 0, p === 1 ? short : square(short));
  const losses = mul(sum(cost, { axis: 1 }), 1 / (scores.shape[1] ?? 1));
  const factor = weight === undefined ? null : sum(where(chosen, perClass(weight, scores), 0), { axis: 1 });
  return reduce(factor === null ? losses : mul(losses, factor), reduction);
}
