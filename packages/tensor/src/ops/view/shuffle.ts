import { ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { permute } from "./permute.ts";
import { reshape } from "./reshape.ts";

/**
 * Channels spread out into pixels: y[..., c, h * r + i, w * r + j] = x[..., (c * r + i) * r + j, h, w].
 * Source: Shi et al., Real-Time Single Image and Video Super-Resolution (2016), section 2.2.
 *
 * Shapes: [..., c * r * r, h, w] gives [..., c, h * r, w * r]. Costs nothing.
 *
 * @throws ShapeError if there are fewer than three axes, or r * r does not divide the channels.
 */
export function pixelShuffle(x: Tensor, r: number): Tensor {
  const [channels = 0, height = 0, width = 0] = imageOf(x, "pixelShuffle");
  if (!Number.isInteger(r) || r < 1 || channels % (r * r) !== 0)
    refuse(x, "pixelShuffle", `${channels} channels are not made of ${r}x${r} pixels`);
  const lead = x.shape.slice(0, -3);
  const n = lead.length;
  const apart = reshape(x, [...lead, channels / (r * r), r, r, height, width]);
  const order = [...lead.keys(), n, n + 3, n + 1, n + 4, n + 2];
  return reshape(permute(apart, order), [...lead, channels / (r * r), height * r, width * r]);
}

/**
 * The inverse of `pixelShuffle`: blocks of r x r pixels become channels.
 *
 * Shapes: [..., c, h * r, w * r] gives [..., c * r * r, h, w]. Costs nothing.
 *
 * @throws ShapeError if there are fewer than three axes, or r does not divide height and width.
 */
export function pixelUnshuffle(x: Tensor, r: number): Tensor {
  const [channels = 0, height = 0, width = 0] = imageOf(x, "pixelUnshuffle");
  if (!Number.isInteger(r) || r < 1 || height % r !== 0 || width % r !== 0)
    refuse(x, "pixelUnshuffle", `${height}x${width} is not made of ${r}x${r} pixels`);
  const lead = x.shape.slice(0, -3);
  const n = lead.length;
  const apart = reshape(x, [...lead, channels, height / r, r, width / r, r]);
  const order = [...lead.keys(), n, n + 2, n + 4, n + 1, n + 3];
  return reshape(permute(apart, order), [...lead, channels * r * r, height / r, width / r]);
}

/**
 * Channels of `groups` groups dealt out in turn: the first of each group, then the second of each.
 * Source: Zhang et al., ShuffleNet (2018), section 3.1.
 *
 * Shapes: [n, c, ...] keeps its shape. Costs nothing.
 *
 * @throws ShapeError if there are fewer than two axes, or the groups do not divide the channels.
 */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  const [n = 0, channels = 0, ...rest] = x.shape;
  if (x.rank < 2 || !Number.isInteger(groups) || groups < 1 || channels % groups !== 0)
    refuse(x, "channelShuffle", `${channels} channels are not made of ${groups} groups`);
  const apart = reshape(x, [n, groups, channels / groups, ...rest]);
  return reshape(permute(apart, [0, 2, 1, ...rest.map((_, i) => 3 + i)]), x.shape);
}

function imageOf(x: Tensor, subject: string): readonly number[] {
  if (x.rank < 3) refuse(x, subject, "needs channels, height and width");
  return x.shape.slice(-3);
}

function refuse(x: Tensor, subject: string, sentence: string): never {
  throw new ShapeError("shape/shuffle", sentence, { subject, facts: { x: String(x) } });
}
