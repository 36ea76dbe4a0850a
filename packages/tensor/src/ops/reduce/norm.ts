import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { cast } from "../pointwise/cast.ts";
import { equal, notEqual } from "../pointwise/comparison.ts";
import { pow, sqrt, square } from "../pointwise/power.ts";
import { abs } from "../pointwise/rounding.ts";
import { where } from "../pointwise/where.ts";
import type { ReduceOptions } from "./axes.ts";
import { max, min } from "./extremes.ts";
import { sum } from "./sum.ts";

export interface NormOptions extends ReduceOptions {
  /** The exponent; 2 (Euclidean length) when left out. Infinity is the largest magnitude, -Infinity the smallest, 0 how many are not 0. */
  readonly p?: number;
}

/**
 * Vector norm over axes: (Σ |x|^p)^(1/p). The gradient of a zero vector's norm is 0.
 *
 * @throws ArgumentError if p is NaN.
 */
export function norm(x: Tensor, { p = 2, ...options }: NormOptions = {}): Tensor {
  if (Number.isNaN(p)) throw new ArgumentError("argument/norm", "p must be a number, not NaN", { subject: "norm" });
  const values = cast(x, "float32");
  if (p === 0) return sum(cast(notEqual(values, 0), "float32"), options);
  if (p === Infinity) return max(abs(values), options);
  if (p === -Infinity) return min(abs(values), options);
  if (p === 1) return sum(abs(values), options);
  const total = p === 2 ? sum(square(values), options) : sum(pow(abs(values), p), options);
  const zero = equal(total, 0);
  // At 0 the root's slope is infinite: it is taken of 1 there, and the result put back.
  const safe = where(zero, 1, total);
  return where(zero, 0, p === 2 ? sqrt(safe) : pow(safe, 1 / p));
}
