import { add, cosineSimilarity, minimum, norm, notEqual, relu, sub, type Tensor, where } from "@gradus/tensor";
import { reduce, type ReductionOptions, requireSameShape } from "./reduction.ts";

export interface TripletMarginOptions extends ReductionOptions {
  /** How much further away the negative has to be; 1 when left out. */
  readonly margin?: number;
  /** Exponent of the distance; 2 when left out. */
  readonly p?: number;
  /** Takes the negative's distance from the positive where that is smaller; false when left out. Source: Balntas et al., 2016. */
  readonly swap?: boolean;
  /** Added to every difference, so that a distance of 0 has a gradient; 1e-6 when left out. */
  readonly epsilon?: number;
}

/**
 * An anchor is to be nearer to its positive than to its negative: max(0, d(a, p) - d(a, n) + margin), d the distance
 * along the last axis. Source: Schroff et al. (FaceNet), 2015.
 *
 * Shapes: all three [..., d]; the result is a scalar, or [...] with `reduction: "none"`.
 *
 * @throws ShapeError if the shapes differ; nothing is broadcast.
 */
export function tripletMargin(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  { margin = 1, p = 2, swap = false, epsilon = 1e-6, reduction = "mean" }: TripletMarginOptions = {},
): Tensor {
  requireSameShape("tripletMargin", anchor, positive);
  requireSameShape("tripletMargin", anchor, negative);
  const distance = (a: Tensor, b: Tensor): Tensor => norm(add(sub(a, b), epsilon), { p, axis: -1 });
  const far = distance(anchor, negative);
  const away = swap ? minimum(far, distance(positive, negative)) : far;
  return reduce(relu(add(sub(distance(anchor, positive), away), margin)), reduction);
}

export interface CosineEmbeddingOptions extends ReductionOptions {
  /** Cosine up to which unlike vectors cost nothing, -1 .. 1; 0 when left out. */
  readonly margin?: number;
}

/**
 * Like vectors are to point the same way, unlike ones are not: 1 - cos(a, b) for target 1, max(0, cos(a, b) - margin) for target -1.
 *
 * Shapes: `a` and `b` [n, d], `target` [n]; the result is a scalar, or [n] with `reduction: "none"`.
 *
 * @throws ShapeError if the shapes do not fit.
 */
export function cosineEmbedding(
  a: Tensor,
  b: Tensor,
  target: Tensor,
  { margin = 0, reduction = "mean" }: CosineEmbeddingOptions = {},
): Tensor {
  requireSameShape("cosineEmbedding", a, b);
  const cosine = cosineSimilarity(a, b, { axis: -1 });
  requireSameShape("cosineEmbedding", cosine, target);
  const alike = where(notEqual(target, -1), sub(1, cosine), 0);
  return reduce(add(alike, where(notEqual(target, 1), relu(sub(cosine, margin)), 0)), reduction);
}
