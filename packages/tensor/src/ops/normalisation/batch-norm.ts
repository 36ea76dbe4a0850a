import type { Tensor } from "../../tensor.ts";
import { add, mul, sub } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { rsqrt } from "../pointwise/power.ts";
import { reshape } from "../view/reshape.ts";
import { type AffineOptions, checkChannels, checkEpsilon, perChannel } from "./affine.ts";
import { moments, standardise } from "./standardise.ts";

/** A mean and a (biased) variance for each channel: [channels] both. */
export interface ChannelStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

export interface BatchNormOptions extends AffineOptions {
  /** What to standardise by, such as running statistics; the batch's own when left out, with gradients through them. */
  readonly statistics?: ChannelStatistics;
}

/**
 * Standardises each channel over the batch and all places: weight * (x - mean) / sqrt(variance + epsilon) + bias.
 * Source: Ioffe and Szegedy, 2015.
 *
 * Shapes: `x` [n, channels, ...], `weight`, `bias` and statistics [channels], result as `x`.
 *
 * @throws ShapeError if there is no channel axis or a parameter has another size; ArgumentError if epsilon is negative.
 */
export function batchNorm(x: Tensor, { weight = null, bias = null, epsilon = 1e-5, statistics }: BatchNormOptions = {}): Tensor {
  checkChannels("batchNorm", x);
  checkEpsilon("batchNorm", epsilon);
  const factor = perChannel("batchNorm", "weight", weight, x);
  const summand = perChannel("batchNorm", "bias", bias, x);
  if (statistics === undefined) return standardise(cast(x, "float32"), { axes: besideChannels(x), epsilon, weight: factor, bias: summand });
  const mean = perChannel("batchNorm", "mean", statistics.mean, x) ?? statistics.mean;
  const variance = perChannel("batchNorm", "variance", statistics.variance, x) ?? statistics.variance;
  const scale = rsqrt(add(variance, epsilon));
  const scaled = mul(sub(x, mean), factor === null ? scale : mul(scale, factor));
  return summand === null ? scaled : add(scaled, summand);
}

/**
 * What `batchNorm` standardises a batch by: each channel's mean and biased variance, [channels] both.
 *
 * @throws ShapeError if there is no channel axis.
 */
export function channelStatistics(x: Tensor): ChannelStatistics {
  checkChannels("channelStatistics", x);
  const { mean, variance } = moments(cast(x, "float32"), besideChannels(x));
  const channels = [x.shape[1] ?? 0];
  return { mean: reshape(mean, channels), variance: reshape(variance, channels) };
}

function besideChannels(x: Tensor): readonly number[] {
  return x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
}
