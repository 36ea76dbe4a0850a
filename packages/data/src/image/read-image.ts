import { decodePng } from "./decode-png.ts";
import { inverted, resized, rimBrightness, squared, type GreyImage } from "./grey-image.ts";

export interface ReadImageOptions {
  /** Width and height of the result in pixels; 28 by default. */
  readonly side?: number;
  /** Turns dark ink on light paper into the light on dark of MNIST and `digits`; `"auto"`, the default, does where the rim is light. */
  readonly invert?: boolean | "auto";
  /** The most pixels the file may have; 2^24 by default. */
  readonly maxPixels?: number;
}

/**
 * Reads a PNG of one digit, or anything else, as a model of small grey images wants it: square, light on dark, resized by area.
 *
 * @throws FormatError `png/*` or `deflate/*` for a file that is not a plain PNG, or is too large.
 */
export async function readImage(
  bytes: Uint8Array,
  { side = 28, invert = "auto", maxPixels = 1 << 24 }: ReadImageOptions = {},
): Promise<GreyImage> {
  const image = await decodePng(bytes, { maxPixels });
  const dark = invert === true || (invert === "auto" && rimBrightness(image) > 127) ? inverted(image) : image;
  // A strip 16 million pixels long would become a square of their square: shrink first, and square what is small.
  const scale = Math.min(1, (4 * side) / Math.max(dark.width, dark.height));
  const small =
    scale === 1 ? dark : resized(dark, Math.max(1, Math.round(dark.width * scale)), Math.max(1, Math.round(dark.height * scale)));
  return resized(squared(small, Math.round(rimBrightness(small))), side, side);
}
