import { ArgumentError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { integer, number } from "../../op/attr.ts";
import { inKernel } from "../../random/arithmetic.ts";
import { integerFrom, normalFrom, truncatedBell, uniformFrom } from "../../random/distributions.ts";
import { integerRange, type TruncatedNormalOptions } from "../../random/host.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { less } from "../pointwise/comparison.ts";
import { unaryWith } from "../pointwise/define-pointwise.ts";
import { type DrawOptions, randomBits } from "./random-bits.ts";

export const bitsToUniformOp = unaryWith(
  "bitsToUniform",
  { low: number, high: number },
  {
    takes: "word",
    gives: "float32",
    body: (s, bits, range) => uniformFrom(inKernel(s), bits, range),
    vjp: () => null,
  },
);

export const bitsToNormalOp = unaryWith(
  "bitsToNormal",
  { mean: number, std: number, low: number, high: number },
  {
    takes: "word",
    gives: "float32",
    body: (s, bits, shape) => normalFrom(inKernel(s), bits, truncatedBell(shape)),
    vjp: () => null,
  },
);

export const bitsToIntegerOp = unaryWith(
  "bitsToInteger",
  { low: integer, count: integer },
  {
    takes: "word",
    gives: "int32",
    body: (s, bits, range) => integerFrom(inKernel(s), bits, range),
    vjp: () => null,
  },
);

export interface UniformOptions extends DrawOptions {
  /** 0 when left out. */
  readonly low?: number;
  /** 1 when left out. */
  readonly high?: number;
}

/**
 * Uniform numbers in low .. high (`high` itself only by rounding), 2^24 different ones.
 *
 * Example: `uniform([3, 3], { key: stream(seed, "demo") })`.
 */
export function uniform(shape: Shape, { low = 0, high = 1, ...options }: UniformOptions): Tensor {
  return apply(bitsToUniformOp, { x: randomBits(shape, options) }, { low, high });
}

export interface NormalOptions extends DrawOptions {
  /** 0 when left out. */
  readonly mean?: number;
  /** 1 when left out. */
  readonly std?: number;
}

/**
 * Normal numbers with a mean and a standard deviation, by the inverse of the distribution; none is further than 5.3 standard
 * deviations from the mean.
 *
 * @throws ArgumentError if `std` is not positive.
 */
export function normal(shape: Shape, { mean = 0, std = 1, ...options }: NormalOptions): Tensor {
  return truncatedNormal(shape, { ...options, mean, std, low: -Infinity, high: Infinity });
}

/**
 * Normal numbers between `low` and `high` (by default -2 and 2): the rest of the bell is cut off, nothing is drawn twice.
 *
 * @throws ArgumentError if `std` is not positive or the bounds are empty.
 */
export function truncatedNormal(
  shape: Shape,
  { mean = 0, std = 1, low = -2, high = 2, ...options }: TruncatedNormalOptions & DrawOptions,
): Tensor {
  if (!(std > 0) || !(low < high)) {
    throw new ArgumentError("argument/normal", `a standard deviation of ${std} between ${low} and ${high} leaves nothing to draw`, {
      subject: "truncatedNormal",
    });
  }
  return apply(bitsToNormalOp, { x: randomBits(shape, options) }, { mean, std, low, high });
}

export interface BernoulliOptions extends DrawOptions {
  /** Probability of true; 0.5 when left out. */
  readonly p?: number;
}

/**
 * True with probability `p`, as bool.
 *
 * @throws ArgumentError if p is not in 0 .. 1.
 */
export function bernoulli(shape: Shape, { p = 0.5, ...options }: BernoulliOptions): Tensor {
  if (!(p >= 0 && p <= 1))
    throw new ArgumentError("argument/probability", `a probability must lie in 0 .. 1, and ${p} does not`, { subject: "bernoulli" });
  return less(uniform(shape, options), Math.fround(p));
}

export interface RandintOptions extends DrawOptions {
  /** 0 when left out. */
  readonly low?: number;
  /** Not included. */
  readonly high: number;
}

/**
 * Whole numbers in low .. high - 1, in int32.
 *
 * @throws ArgumentError if the range is empty or has more than 2^24 numbers.
 */
export function randint(shape: Shape, { low = 0, high, ...options }: RandintOptions): Tensor {
  return apply(bitsToIntegerOp, { x: randomBits(shape, options) }, integerRange("randint", low, high));
}
