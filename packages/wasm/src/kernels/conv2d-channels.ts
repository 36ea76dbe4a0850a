import type { Local } from "../asm/index.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { type Conv2dShape, type ImageLayout, tapOffset } from "./conv2d-shape.ts";
import type { Tile } from "./tile.ts";

/** Taps of a kernel window emitted one by one; larger windows loop over their rows. */
export const unrolledTaps = 25;

/** Point at the next channel's weights and pixels, for a tile's first row and pixel; and a local for the window's rows. */
interface Pointers {
  readonly weights: Local<"i32">;
  readonly image: Local<"i32">;
  readonly tapRow: Local<"i32">;
}

/**
 * How to add the products of the next input channels to a convolution's tile, which moves both pointers beyond them. The rows of an
 * `upright` tile are output rows of one channel, those of others are output channels.
 */
export function channelProducts(
  arithmetic: Arithmetic,
  shape: Conv2dShape,
  layout: ImageLayout,
  upright: boolean,
  { weights, image, tapRow }: Pointers,
): (sums: Tile, count: number) => void {
  const { f, lanes } = arithmetic;
  const { c, groups, kh, kw, ow, strideH, dilationH } = shape;
  const { planeLength, rowLength, copied } = layout;
  const taps = kh * kw;
  const everyRow = Array.from({ length: kh }, (_, dy) => dy);
  const weight = (index: number) => arithmetic.splat(index * 4, weights);
  const pixels = (index: number, count: number) => arithmetic.load(index * 4, image, copied ? lanes : count);

  const windowRow = (sums: Tile, channel: number, dy: number) => {
    const place = (column: number) => Math.floor(column / ow) * strideH * rowLength + (column % ow);
    for (let dx = 0; dx < kw; dx++)
      sums.step(
        (r) => weight(channel * taps + (r * c * taps) / groups + dy * kw + dx),
        (column, count) => pixels(channel * planeLength + tapOffset(shape, layout, dy, dx) + place(column), count),
      );
  };
  /** For adjacent output rows: an input row is read once for those it reaches. */
  const uprightWindow = (sums: Tile, channel: number) => {
    const reached = Array.from({ length: sums.rows }, (_, r) => everyRow.map((dy) => r * strideH + dy * dilationH));
    for (const row of [...new Set(reached.flat())].sort((a, b) => a - b))
      for (let dx = 0; dx < kw; dx++)
        sums.step(
          (r) => weight(channel * taps + ((row - r * strideH) / dilationH) * kw + dx),
          (column, count) => pixels(channel * planeLength + row * rowLength + tapOffset(shape, layout, 0, dx) + column, count),
          { rows: reached.flatMap((rows, r) => (rows.includes(row) ? [r] : [])) },
        );
  };
  return (sums, count) => {
    if (taps <= unrolledTaps) {
      for (let i = 0; i < count; i++) {
        if (upright) uprightWindow(sums, i);
        else for (const dy of everyRow) windowRow(sums, i, dy);
      }
      f.advance(weights, count * taps * 4);
      f.advance(image, count * planeLength * 4);
      return;
    }
    f.for(tapRow, 0, kh, 1, () => {
      windowRow(sums, 0, 0);
      f.advance(weights, kw * 4);
      f.advance(image, dilationH * rowLength * 4);
    });
    f.advance(image, (planeLength - kh * dilationH * rowLength) * 4);
  };
}
