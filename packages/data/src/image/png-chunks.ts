import { FormatError } from "@gradus/tensor";

/** What IHDR says. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits a sample. */
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly colourType: number;
}

export interface PngChunks {
  readonly header: PngHeader;
  /** The packed pixels: every IDAT's contents in turn. */
  readonly packed: Uint8Array;
  /** The file without its ancillary chunks, which nothing here needs and which may hold bombs of their own. */
  readonly essential: Uint8Array;
}

/** Bytes the pixels take once inflated: a filter byte and the packed samples of each row. */
export function inflatedBytes({ width, height, depth, colourType }: PngHeader): number {
  return height * (1 + Math.ceil((width * depth * (samples.get(colourType) ?? 0)) / 8));
}

/**
 * Walks a PNG's chunks, before anything is decoded.
 *
 * @throws FormatError `png/*` for anything but one whole, plain, non-interlaced PNG of at most `maxPixels`.
 */
export function pngChunks(bytes: Uint8Array, maxPixels: number): PngChunks {
  if (!signature.every((byte, at) => bytes[at] === byte)) throw refused("signature", "the file does not begin as PNG files do");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let header: PngHeader | undefined;
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) throw refused("truncated", "the file ends before its IEND chunk");
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) throw refused("truncated", `a chunk of ${length} bytes goes beyond the end of the file`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const chunk = bytes.subarray(at, at + 12 + length);
    if ((header === undefined) !== (type === "IHDR")) throw refused("header", "the file needs one IHDR chunk, at its start");
    if (type === "IHDR") header = parseHeader(new DataView(view.buffer, view.byteOffset + at + 8, length), maxPixels);
    if (type === "IDAT") data.push(chunk.subarray(8, 8 + length));
    // Transparency counts only in palettes: a single transparent colour is drawn as it is.
    if (essentialTypes.has(type) || (type === "tRNS" && header?.colourType === 3)) kept.push(chunk);
    at += chunk.length;
    if (type === "IEND") break;
  }
  if (header === undefined || data.length === 0) throw refused("no-data", "the file holds no picture");
  return { header, packed: joined(data), essential: joined(kept) };
}

function parseHeader(view: DataView, maxPixels: number): PngHeader {
  if (view.byteLength !== 13) throw refused("header", `the IHDR chunk has ${view.byteLength} bytes instead of 13`);
  const [width, height, depth, colourType, interlace] = [
    view.getUint32(0),
    view.getUint32(4),
    view.getUint8(8),
    view.getUint8(9),
    view.getUint8(12),
  ];
  if (width === 0 || height === 0) throw refused("header", `the picture is ${width} by ${height} pixels`);
  if (width * height > maxPixels)
    throw refused("too-large", `the picture is ${width} by ${height} pixels, and at most ${maxPixels} are read`);
  if (!(depths.get(colourType)?.includes(depth) ?? false))
    throw refused("header", `PNG knows no colour type ${colourType} of ${depth} bits`);
  if (interlace !== 0) throw refused("interlaced", "the picture is interlaced, which is not read");
  return { width, height, depth, colourType };
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const essentialTypes = new Set(["IHDR", "PLTE", "IDAT", "IEND"]);
const samples: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);
const depths: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function refused(rule: string, sentence: string, cause?: unknown): FormatError {
  return new FormatError(`png/${rule}`, sentence, { subject: "png", cause });
}
