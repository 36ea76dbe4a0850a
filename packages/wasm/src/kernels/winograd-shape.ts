import type { FunctionBuilder, Local } from "../asm/index.ts";
import type { Conv2dShape } from "./conv2d-shape.ts";
import { boundedSum, roundUp } from "./ranges.ts";
import { points } from "./winograd-transform.ts";

/** Columns of outputs that are stored together: one tile's or two adjacent tiles'. */
export const patchWidth = 4;

/** Bytes that keep a tile's values, otherwise powers of two apart, from sharing a cache set. */
export const gap = 64;

/** How a convolution's outputs are cut into square tiles. */
export interface Tiling {
  /** Outputs of a tile along an axis: 4 for windows of 3 x 3, 2 for 5 x 5. */
  readonly size: number;
  /** Tiles of a row of them, which reach whole patches, and rows of tiles. */
  readonly across: number;
  readonly down: number;
  /** Tiles of the whole batch. */
  readonly count: number;
}

/** Where a tile lies. */
export interface TilePlace {
  /** Its number among those visited. */
  readonly index: Local<"i32">;
  readonly image: Local<"i32">;
  readonly y: Local<"i32">;
  readonly x: Local<"i32">;
}

export function tilingOf({ n, kh, oh, ow }: Conv2dShape): Tiling {
  const size = points + 1 - kh;
  const across = (Math.ceil(ow / patchWidth) * patchWidth) / size;
  const down = Math.ceil(oh / size);
  return { size, across, down, count: n * across * down };
}

/** The convolution with outputs up to whole tiles, for which an image must reach further. */
export function wholeTiles(shape: Conv2dShape): Conv2dShape {
  const { size } = tilingOf(shape);
  return { ...shape, oh: roundUp(shape.oh, size), ow: roundUp(shape.ow, patchWidth) };
}

/** The outputs' cotangent as images, one pixel a tap, that are read up to `oh` rows and `ow` columns of whole tiles. */
export function cotangentImages(shape: Conv2dShape, oh: number, ow: number): Conv2dShape {
  const none = { padTop: 0, padLeft: 0, padBottom: 0, padRight: 0 };
  return { ...shape, ...none, c: shape.o, h: shape.oh, w: shape.ow, kh: 1, kw: 1, oh, ow };
}

/** Visits `tiles` tiles from `first` on; beyond the last one of the batch, the last once more. */
export function forTilePlaces(
  f: FunctionBuilder,
  { across, down, count }: Tiling,
  first: Local<"i32">,
  tiles: number,
  visit: (at: TilePlace) => void,
): void {
  const [index, rest, image, y, x] = f.locals("i32", 5);
  f.for(index, 0, tiles, 1, () => {
    boundedSum(f, rest, first, index, count - 1);
    f.set(x, () => f.i32.rem_u(rest, across));
    f.set(rest, () => f.i32.div_u(rest, across));
    f.set(y, () => f.i32.rem_u(rest, down));
    f.set(image, () => f.i32.div_u(rest, down));
    visit({ index, image, y, x });
  });
  f.free(index, rest, image, y, x);
}
