import { ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { greater } from "../pointwise/comparison.ts";
import { where } from "../pointwise/where.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { max } from "../reduce/extremes.ts";
import { reshape } from "../view/reshape.ts";
import { narrow } from "../view/slice.ts";
import { sigmoid } from "./sigmoid.ts";

/**
 * A rectifier with a learnt slope: x above zero, weight * x elsewhere. Source: He et al., 2015.
 *
 * Shapes: `weight` [1], or [channels] for `x` [n, channels, ...].
 *
 * @throws ShapeError if the weight has neither one value nor one for each channel.
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const channels = x.rank < 2 ? 1 : (x.shape[1] ?? 1);
  if (weight.size !== 1 && weight.size !== channels) {
    throw new ShapeError("shape/prelu", `${weight.size} slopes are neither one nor one for each of ${channels} channels`, {
      subject: "prelu",
      facts: { x: String(x), weight: String(weight) },
    });
  }
  const slope = reshape(weight, weight.size === 1 ? x.shape.map(() => 1) : x.shape.map((_, axis) => (axis === 1 ? channels : 1)));
  return where(greater(x, 0), cast(x, "float32"), mul(x, slope));
}

export interface GatedOptions {
  /** The axis that is cut into pieces; the last for `glu` and the channels (1) for `maxout` when left out. */
  readonly axis?: number;
}

/**
 * Gated linear unit: the first half of an axis times the sigmoid of the second. Source: Dauphin et al., 2016.
 *
 * @throws ShapeError if the axis has an odd size; ArgumentError for an axis the tensor does not have.
 */
export function glu(x: Tensor, { axis = -1 }: GatedOptions = {}): Tensor {
  const along = resolveAxis("glu", x, axis);
  const half = (x.shape[along] ?? 0) / 2;
  if (!Number.isInteger(half)) {
    throw new ShapeError("shape/glu", `an axis of ${half * 2} cannot be halved`, { subject: "glu", facts: { x: String(x), axis: along } });
  }
  return mul(narrow(x, along, 0, half), sigmoid(narrow(x, along, half, half)));
}

/**
 * The largest of each `pieces` neighbouring channels: [n, c, ...] to [n, c / pieces, ...]. Source: Goodfellow et al., 2013.
 *
 * @throws ShapeError if `pieces` does not divide the axis; ArgumentError for an axis the tensor does not have.
 */
export function maxout(x: Tensor, pieces: number, { axis = 1 }: GatedOptions = {}): Tensor {
  const along = resolveAxis("maxout", x, axis);
  const extent = x.shape[along] ?? 0;
  if (!Number.isInteger(pieces) || pieces < 1 || extent % pieces !== 0) {
    throw new ShapeError("shape/maxout", `${pieces} pieces do not divide an axis of ${extent}`, {
      subject: "maxout",
      facts: { x: String(x), axis: along },
    });
  }
  return max(reshape(x, x.shape.toSpliced(along, 1, extent / pieces, pieces)), { axis: along + 1 });
}
