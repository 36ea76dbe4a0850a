import type { Conv2dShape } from "./conv2d-shape.ts";
import { roundUp } from "./ranges.ts";

/** Outputs of a tile along an axis. */
export const tileSize = 4;

/** Bytes that keep a tile's values, otherwise powers of two apart, from sharing a cache set. */
export const gap = 64;

/** Tiles of the whole batch. */
export function tilesOf({ n, oh, ow }: Conv2dShape): number {
  return n * Math.ceil(oh / tileSize) * Math.ceil(ow / tileSize);
}

/** The convolution with outputs up to whole tiles, for which an image must reach further. */
export function wholeTiles(shape: Conv2dShape): Conv2dShape {
  return { ...shape, oh: roundUp(shape.oh, tileSize), ow: roundUp(shape.ow, tileSize) };
}
