import { FormatError } from "@gradus/tensor";
import { inflatePieces } from "@gradus/io";
import type { GreyImage } from "./grey-image.ts";
import { inflatedBytes, pngChunks, refused, type PngHeader } from "./png-chunks.ts";

/**
 * Reads a PNG as grey: luma of Rec. 601 (0.299 R + 0.587 G + 0.114 B), what is transparent shown on white.
 *
 * Sizes are checked, and the pixels inflated once through a byte budget, before the decoder sees the file: by itself it would inflate without bound.
 *
 * @throws FormatError `png/*` or `deflate/*`.
 */
export async function decodePng(bytes: Uint8Array, { maxPixels = 1 << 24 } = {}): Promise<GreyImage> {
  const { header, packed, essential } = pngChunks(bytes, maxPixels);
  const expected = inflatedBytes(header);
  let inflated = 0;
  for await (const piece of inflatePieces(packed, { format: "deflate", maxBytes: expected, maxRatio: 1100, subject: "png" }))
    inflated += piece.length;
  if (inflated !== expected) throw refused("truncated", `the pixels take ${expected} bytes and the file holds ${inflated}`);
  const { decode } = await import("fast-png");
  try {
    const { data, palette } = decode(essential, { checkCrc: true });
    return { width: header.width, height: header.height, pixels: toGrey(header, data, palette ?? []) };
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw refused("corrupt", "the picture is damaged", cause);
  }
}

function toGrey(
  { width, height, depth, colourType }: PngHeader,
  data: ArrayLike<number>,
  palette: readonly (readonly number[])[],
): Uint8Array {
  const pixels = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  /** A sample scaled to 0 to 255; `index` counts samples of a whole byte or more. */
  const sample = (index: number) => ((data[index] ?? 0) * 255) / most;
  /** A sample of less than a byte, of which several share one. */
  const packedSample = (x: number, y: number) => {
    const bit = x * depth;
    return ((data[y * rowBytes + (bit >> 3)] ?? 0) >> (8 - depth - (bit & 7))) & most;
  };
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      switch (colourType) {
        case 0:
          pixels[at] = Math.round(depth < 8 ? (packedSample(x, y) * 255) / most : sample(at));
          break;
        case 2:
          pixels[at] = luma(sample(3 * at), sample(3 * at + 1), sample(3 * at + 2), 255);
          break;
        case 3: {
          const index = packedSample(x, y);
          const colour = palette[index];
          if (colour === undefined) throw refused("palette", `a pixel has colour ${index} of a palette of ${palette.length}`);
          pixels[at] = luma(colour[0] ?? 0, colour[1] ?? 0, colour[2] ?? 0, colour[3] ?? 255);
          break;
        }
        case 4:
          pixels[at] = luma(sample(2 * at), sample(2 * at), sample(2 * at), sample(2 * at + 1));
          break;
        default:
          pixels[at] = luma(sample(4 * at), sample(4 * at + 1), sample(4 * at + 2), sample(4 * at + 3));
      }
    }
  }
  return pixels;
}

function luma(red: number, green: number, blue: number, alpha: number): number {
  const grey = 0.299 * red + 0.587 * green + 0.114 * blue;
  return Math.round(255 + (grey - 255) * (alpha / 255));
}
