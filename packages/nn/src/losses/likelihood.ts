import {
  add,
  ArgumentError,
  div,
  exp,
  greater,
  log,
  mul,
  relu,
  ShapeError,
  square,
  stopGradient,
  sub,
  type Tensor,
  where,
} from "@gradus/tensor";
import { reduce, type ReductionOptions, requireSameShape } from "./reduction.ts";

export interface GaussianNllOptions extends ReductionOptions {
  /** Adds the constant log(2 pi) / 2; false when left out. */
  readonly full?: boolean;
  /** Smaller variances count as this, with the gradient they would have; 1e-6 when left out. */
  readonly epsilon?: number;
}

/**
 * Negative log-likelihood of a target under a normal distribution whose mean and variance are both predicted:
 * (log(variance) + (mean - target)^2 / variance) / 2. Source: Nix and Weigend, 1994.
 *
 * Shapes: `variance` as `mean`, or with a last axis of 1 that all of it share.
 *
 * @throws ShapeError if the shapes differ; ArgumentError if epsilon is not above 0.
 */
export function gaussianNll(
  mean: Tensor,
  target: Tensor,
  variance: Tensor,
  { full = false, epsilon = 1e-6, reduction = "mean" }: GaussianNllOptions = {},
): Tensor {
  requireSameShape("gaussianNll", mean, target);
  checkEpsilon("gaussianNll", epsilon);
  if (
    variance.rank !== mean.rank ||
    variance.shape.some((extent, axis) => extent !== mean.shape[axis] && !(extent === 1 && axis === mean.rank - 1))
  ) {
    throw new ShapeError(
      "shape/loss-variance",
      `a variance of [${variance.shape.join(", ")}] does not fit a mean of [${mean.shape.join(", ")}]`,
      {
        subject: "gaussianNll",
        facts: { mean: String(mean), variance: String(variance) },
        hint: "give it the mean's shape, or that shape with a last axis of 1",
      },
    );
  }
  const spread = add(variance, stopGradient(relu(sub(epsilon, variance))));
  const losses = mul(add(log(spread), div(square(sub(mean, target)), spread)), 0.5);
  return reduce(full ? add(losses, Math.log(2 * Math.PI) / 2) : losses, reduction);
}

export interface PoissonNllOptions extends ReductionOptions {
  /** Whether the rate is given as its logarithm; true when left out. */
  readonly logInput?: boolean;
  /** Adds Stirling's approximation of log(target!), for targets above 1; false when left out. */
  readonly full?: boolean;
  /** Keeps log(rate) finite where the rate itself is given; 1e-8 when left out. */
  readonly epsilon?: number;
}

/**
 * Negative log-likelihood of counts under a Poisson distribution: exp(input) - target * input, or
 * input - target * log(input + epsilon) with `logInput: false`.
 *
 * @throws ShapeError if the shapes differ; ArgumentError if epsilon is not above 0.
 */
export function poissonNll(
  input: Tensor,
  target: Tensor,
  { logInput = true, full = false, epsilon = 1e-8, reduction = "mean" }: PoissonNllOptions = {},
): Tensor {
  requireSameShape("poissonNll", input, target);
  checkEpsilon("poissonNll", epsilon);
  const losses = logInput ? sub(exp(input), mul(target, input)) : sub(input, mul(target, log(add(input, epsilon))));
  return reduce(full ? add(losses, stirling(target)) : losses, reduction);
}

/** log(n!) for n above 1, nearly: n log n - n + log(2 pi n) / 2. */
function stirling(count: Tensor): Tensor {
  const many = greater(count, 1);
  const n = where(many, count, 1);
  return where(many, add(sub(mul(n, log(n)), n), mul(log(mul(n, 2 * Math.PI)), 0.5)), 0);
}

function checkEpsilon(subject: string, epsilon: number): void {
  if (!(epsilon > 0)) throw new ArgumentError("argument/epsilon", `epsilon must be above 0, and is ${epsilon}`, { subject });
}
