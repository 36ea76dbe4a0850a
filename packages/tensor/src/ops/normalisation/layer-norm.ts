import { ShapeError } from "../../errors.ts";
import { sameShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { rsqrt, square } from "../pointwise/power.ts";
import { mean } from "../reduce/sum.ts";
import { reshape } from "../view/reshape.ts";
import { type AffineOptions, checkEpsilon } from "./affine.ts";
import { standardise } from "./standardise.ts";

/**
 * Standardises each sample over its last axes, whose sizes are `shape`: weight * (x - mean) / sqrt(variance + epsilon) + bias.
 * Source: Ba et al., 2016.
 *
 * Shapes: `x` [..., ...shape], `weight` and `bias` of `shape` (a number stands for one axis), result as `x`.
 *
 * Example: `layerNorm(x, 512, { weight, bias })` for `x` [n, t, 512].
 *
 * @throws ShapeError if `x` does not end with `shape`, or a parameter has another; ArgumentError if epsilon is negative.
 */
export function layerNorm(x: Tensor, shape: number | Shape, { weight = null, bias = null, epsilon = 1e-5 }: AffineOptions = {}): Tensor {
  checkEpsilon("layerNorm", epsilon);
  const axes = lastAxes("layerNorm", x, shape, { weight, bias });
  return standardise(cast(x, "float32"), { axes, epsilon, weight: widened(weight, x), bias: widened(bias, x) });
}

/**
 * Divides each sample by the root of the mean of its squares over its last axes: weight * x / sqrt(mean(x^2) + epsilon).
 * `epsilon` is float32's own, 2^-23, when left out. Source: Zhang and Sennrich, 2019.
 *
 * Shapes: `x` [..., ...shape], `weight` of `shape` (a number stands for one axis), result as `x`.
 *
 * @throws ShapeError if `x` does not end with `shape`, or the weight has another; ArgumentError if epsilon is negative.
 */
export function rmsNorm(x: Tensor, shape: number | Shape, { weight = null, epsilon = 2 ** -23 }: Omit<AffineOptions, "bias"> = {}): Tensor {
  checkEpsilon("rmsNorm", epsilon);
  const axis = lastAxes("rmsNorm", x, shape, { weight });
  const scaled = mul(x, rsqrt(add(mean(square(cast(x, "float32")), { axis, keepDims: true }), epsilon)));
  return weight === null ? scaled : mul(scaled, weight);
}

function lastAxes(
  subject: string,
  x: Tensor,
  shape: number | Shape,
  parameters: Readonly<Record<string, Tensor | null>>,
): readonly number[] {
  const sizes = typeof shape === "number" ? [shape] : shape;
  const from = x.rank - sizes.length;
  if (sizes.length === 0 || from < 0 || !sameShape(x.shape.slice(from), sizes)) {
    throw new ShapeError("shape/normalisation", `[${x.shape.join(", ")}] does not end with [${sizes.join(", ")}]`, {
      subject,
      facts: { x: String(x) },
    });
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter === null || sameShape(parameter.shape, sizes)) continue;
    throw new ShapeError("shape/normalisation", `${name} must have the shape [${sizes.join(", ")}]`, {
      subject,
      facts: { [name]: String(parameter) },
    });
  }
  return sizes.map((_, i) => from + i);
}

function widened(parameter: Tensor | null, x: Tensor): Tensor | null {
  return parameter === null ? null : reshape(parameter, [...x.shape.slice(0, x.rank - parameter.rank).map(() => 1), ...parameter.shape]);
}
