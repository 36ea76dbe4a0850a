import type { Tensor } from "../../tensor.ts";
import { customGrad } from "../autograd/custom-grad.ts";
import { add, div, mul, sub } from "../pointwise/arithmetic.ts";
import { maximum } from "../pointwise/extremes.ts";
import { rsqrt, square } from "../pointwise/power.ts";
import { reducedCount } from "../reduce/axes.ts";
import { mean, sum } from "../reduce/sum.ts";
import { sumTo } from "../view/expand.ts";
import { stopGradient } from "../view/identity.ts";
import { narrow } from "../view/slice.ts";

/**
 * What a normalisation works over, and what it makes of the result.
 *
 * @internal
 */
export interface Standardising {
  /** Axes that share a mean and a variance. */
  readonly axes: readonly number[];
  /** Added to the variance. */
  readonly epsilon: number;
  /** Factors and summands, of the input's rank so that they broadcast; null for none. */
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}

/**
 * The mean and the (biased) variance over axes, which stay with size 1, in one pass: both of the distance d from a value
 * near the mean, for the variance is mean(d^2) - mean(d)^2 wherever d is counted from. The nearer that value, the less
 * the difference cancels: it is the mean of a few elements.
 * Source: Chan, Golub and LeVeque, Algorithms for Computing the Sample Variance (1983), shifted data.
 *
 * @internal
 */
export function moments(x: Tensor, axes: readonly number[]): { readonly mean: Tensor; readonly variance: Tensor } {
  const near = mean(fewOf(x, axes), { axis: axes, keepDims: true });
  const distance = sub(x, stopGradient(near));
  const average = meanInParts(distance, axes);
  return { mean: add(near, average), variance: maximum(sub(meanInParts(square(distance), axes), square(average)), 0) };
}

/** How many elements the variance is first counted from the mean of, about. */
const few = 16;

function fewOf(x: Tensor, axes: readonly number[]): Tensor {
  const each = Math.ceil(few ** (1 / axes.length));
  return axes.reduce((part, axis) => narrow(part, axis, 0, Math.min(each, x.shape[axis] ?? 1)), stopGradient(x));
}

function meanInParts(x: Tensor, axes: readonly number[]): Tensor {
  return div(sumInParts(x, axes), reducedCount(x.shape, axes));
}

/**
 * The sum over axes, which stay with size 1: of each sample's places first, then of the samples. One sum over a whole
 * batch would run through a hundred thousand values, and float32 loses a digit on the way.
 */
function sumInParts(x: Tensor, axes: readonly number[]): Tensor {
  const places = axes.filter((axis) => axis !== 0);
  const ofSamples = places.length === 0 ? x : sum(x, { axis: places, keepDims: true });
  return axes.includes(0) ? sum(ofSamples, { axis: 0, keepDims: true }) : ofSamples;
}

/**
 * weight * (x - mean) / sqrt(variance + epsilon) + bias, with mean and variance of `x` itself over `axes`.
 *
 * With x̂ the standardised values, r = 1 / sqrt(variance + epsilon) and g = weight * ct, the gradient in closed form is
 * r * (g - mean(g) - x̂ * mean(g * x̂)): both means are of one pass over x and ct. Walking back through the two passes
 * of the forward direction would take two more. A weight that is the same along the axes stays outside the means, so
 * that the weight's and the bias's gradients are the same two sums.
 *
 * @internal
 */
export function standardise(x: Tensor, { axes, epsilon, weight, bias }: Standardising): Tensor {
  const shared = weight !== null && axes.every((axis) => weight.shape[axis] === 1);
  return customGrad(
    () => {
      const { centred, scale } = scaling(x, axes, epsilon);
      const weighted = weight === null ? mul(centred, scale) : shared ? mul(centred, mul(scale, weight)) : mul(mul(centred, scale), weight);
      return bias === null ? weighted : add(weighted, bias);
    },
    ({ cotangent }) => {
      const { centred, scale } = scaling(x, axes, epsilon);
      const scaled = mul(centred, scale);
      const inner = weight === null || shared ? cotangent : mul(cotangent, weight);
      const outer = weight !== null && shared ? mul(scale, weight) : scale;
      const direct = sub(inner, meanInParts(inner, axes));
      const ofParameter = (t: Tensor, { shape }: Tensor): Tensor => sumTo(shared ? sumInParts(t, axes) : t, shape);
      return [
        mul(outer, sub(direct, mul(scaled, meanInParts(mul(inner, scaled), axes)))),
        ...(weight === null ? [] : [ofParameter(mul(cotangent, scaled), weight)]),
        ...(bias === null ? [] : [ofParameter(cotangent, bias)]),
      ];
    },
  )(x, ...(weight === null ? [] : [weight]), ...(bias === null ? [] : [bias]));
}

function scaling(x: Tensor, axes: readonly number[], epsilon: number): { readonly centred: Tensor; readonly scale: Tensor } {
  const { mean: average, variance } = moments(x, axes);
  return { centred: sub(x, average), scale: rsqrt(add(variance, epsilon)) };
}
