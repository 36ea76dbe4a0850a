import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, sub } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { lessEqual } from "../pointwise/comparison.ts";
import { clamp, hardtanh, relu6 } from "../pointwise/extremes.ts";
import { abs } from "../pointwise/rounding.ts";
import { where } from "../pointwise/where.ts";

/** A sigmoid of three straight lines: min(max(x / 6 + 1/2, 0), 1). */
export function hardsigmoid(x: Tensor): Tensor {
  return hardtanh(add(mul(x, 1 / 6), 0.5), { min: 0, max: 1 });
}

/** x * hardsigmoid(x): `silu` without an exponential. Source: Howard et al. (MobileNetV3), 2019. */
export function hardswish(x: Tensor): Tensor {
  return mul(x, mul(relu6(add(x, 3)), 1 / 6));
}

export interface ShrinkOptions {
  /** Half the width of what becomes 0; 0.5 when left out. */
  readonly lambda?: number;
}

/**
 * x where |x| > lambda, 0 elsewhere.
 *
 * @throws ArgumentError if lambda is negative.
 */
export function hardshrink(x: Tensor, { lambda = 0.5 }: ShrinkOptions = {}): Tensor {
  checkLambda("hardshrink", lambda);
  return where(lessEqual(abs(x), lambda), 0, cast(x, "float32"));
}

/**
 * x moved towards 0 by lambda, and 0 within it: x - min(max(x, -lambda), lambda), the proximal step of an L1 penalty.
 *
 * @throws ArgumentError if lambda is negative.
 */
export function softshrink(x: Tensor, { lambda = 0.5 }: ShrinkOptions = {}): Tensor {
  checkLambda("softshrink", lambda);
  return sub(cast(x, "float32"), clamp(x, { min: -lambda, max: lambda }));
}

/** x above the threshold, `value` elsewhere. */
export function threshold(x: Tensor, above: number, value: number): Tensor {
  return where(lessEqual(x, above), value, cast(x, "float32"));
}

function checkLambda(subject: string, lambda: number): void {
  if (!(lambda >= 0)) throw new ArgumentError("argument/lambda", `lambda must not be negative, and is ${lambda}`, { subject });
}
