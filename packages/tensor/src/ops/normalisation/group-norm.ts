import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { cast } from "../pointwise/cast.ts";
import { reshape } from "../view/reshape.ts";
import { type AffineOptions, checkChannels, checkEpsilon, perChannel } from "./affine.ts";
import { standardise } from "./standardise.ts";

/**
 * Standardises each sample over groups of neighbouring channels and all places, whatever the batch's size.
 * Source: Wu and He, 2018.
 *
 * Shapes: `x` [n, channels, ...], `weight` and `bias` [channels], result as `x`.
 *
 * @throws ArgumentError if the groups do not divide the channels or epsilon is negative; ShapeError if a parameter has another size.
 */
export function groupNorm(x: Tensor, groups: number, { weight = null, bias = null, epsilon = 1e-5 }: AffineOptions = {}): Tensor {
  checkChannels("groupNorm", x);
  checkEpsilon("groupNorm", epsilon);
  const [n = 1, channels = 1, ...places] = x.shape;
  if (!(groups >= 1) || channels % groups !== 0) {
    throw new ArgumentError("argument/groups", `${groups} groups do not divide ${channels} channels`, {
      subject: "groupNorm",
      facts: { x: String(x) },
    });
  }
  const grouped = (t: Tensor | null): Tensor | null => t && reshape(t, [1, groups, channels / groups, ...places.map(() => 1)]);
  const result = standardise(reshape(cast(x, "float32"), [n, groups, channels / groups, ...places]), {
    axes: [2, ...places.map((_, i) => 3 + i)],
    epsilon,
    weight: grouped(perChannel("groupNorm", "weight", weight, x)),
    bias: grouped(perChannel("groupNorm", "bias", bias, x)),
  });
  return reshape(result, x.shape);
}

/**
 * Standardises each channel of each sample over its places. Source: Ulyanov et al., 2016.
 *
 * Shapes: `x` [n, channels, ...] with at least one axis of places, `weight` and `bias` [channels], result as `x`.
 *
 * @throws ArgumentError if epsilon is negative; ShapeError if there are no places or a parameter has another size.
 */
export function instanceNorm(x: Tensor, { weight = null, bias = null, epsilon = 1e-5 }: AffineOptions = {}): Tensor {
  checkEpsilon("instanceNorm", epsilon);
  checkChannels("instanceNorm", x, 1);
  return standardise(cast(x, "float32"), {
    axes: x.shape.flatMap((_, axis) => (axis > 1 ? [axis] : [])),
    epsilon,
    weight: perChannel("instanceNorm", "weight", weight, x),
    bias: perChannel("instanceNorm", "bias", bias, x),
  });
}
