import { FormatError, hostArray, sizeOf, type HostTensor } from "@gradus/tensor";
import { inflateGzip, isGzip } from "@gradus/io";

export interface IdxOptions {
  /** Names the file in errors. */
  readonly subject?: string;
  /** The most bytes the file, or what its gzip holds, may have; 1 GiB by default. */
  readonly maxBytes?: number;
}

/** The most axes an IDX file may have here; the format's byte would allow 255. */
const maxAxes = 8;

/**
 * Reads an IDX array, plain or gzipped: MNIST's format.
 *
 * Two zero bytes, a type, the number of axes, each axis' size as 32 bits big-endian, then the elements, big-endian.
 * Bytes become uint8, signed bytes int8, wider integers int32, float32 stays; the sizes times the width must be the file's length exactly.
 *
 * @throws FormatError `idx/*`, or `gzip/*` for a packing that is damaged or inflates without bound.
 */
export async function readIdx(bytes: Uint8Array, options: IdxOptions = {}): Promise<HostTensor> {
  const { subject = "idx", maxBytes = 1 << 30 } = options;
  return parseIdx(isGzip(bytes) ? await inflateGzip(bytes, { maxBytes, subject, maxRatio: 1100 }) : bytes, options);
}

/** Like `readIdx`, of a file that is not packed. Elements of one byte share the memory of `bytes`. */
export function parseIdx(bytes: Uint8Array, { subject = "idx", maxBytes = 1 << 30 }: IdxOptions = {}): HostTensor {
  const refuse = (rule: string, sentence: string) => new FormatError(`idx/${rule}`, sentence, { subject });
  if (bytes.length > maxBytes) throw refuse("too-large", `the file has ${bytes.length} bytes and at most ${maxBytes} are read`);
  if (bytes.length < 8) throw refuse("too-short", `the file has ${bytes.length} bytes, fewer than the 8 of the smallest IDX file`);
  if (bytes[0] !== 0 || bytes[1] !== 0) throw refuse("magic", "the file does not begin with two zero bytes, as IDX files do");
  const type = elementTypes.get(bytes[2] ?? 0);
  if (type === undefined)
    throw refuse("type", `the element type 0x${(bytes[2] ?? 0).toString(16).padStart(2, "0")} is not one that is read`);
  const axes = bytes[3] ?? 0;
  if (axes < 1 || axes > maxAxes) throw refuse("axes", `the file claims ${axes} axes, and from 1 to ${maxAxes} are read`);
  const begin = 4 + 4 * axes;
  if (bytes.length < begin) throw refuse("truncated", `the file ends within the sizes of its ${axes} axes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  // Each factor is below 2^32 and the product is checked as it grows, so it stays exact until it is refused.
  let expected = type.width;
  for (const extent of shape) {
    expected *= extent;
    if (expected > maxBytes) throw refuse("size", `its sizes [${shape.join(", ")}] claim more than the ${maxBytes} bytes that are read`);
  }
  const found = bytes.length - begin;
  if (found !== expected) {
    throw refuse(
      found < expected ? "truncated" : "trailing",
      `its sizes [${shape.join(", ")}] take ${expected} bytes and ${found} follow them`,
    );
  }
  if (type.dtype === "uint8") return { dtype: "uint8", shape, data: bytes.subarray(begin) };
  const data = hostArray(type.dtype, sizeOf(shape));
  for (let i = 0, at = begin; i < data.length; i++, at += type.width) data[i] = type.read(view, at);
  return { dtype: type.dtype, shape, data };
}

interface ElementType {
  readonly dtype: "uint8" | "int8" | "int32" | "float32";
  readonly width: number;
  read(view: DataView, at: number): number;
}

const elementTypes: ReadonlyMap<number, ElementType> = new Map<number, ElementType>([
  [0x08, { dtype: "uint8", width: 1, read: (view, at) => view.getUint8(at) }],
  [0x09, { dtype: "int8", width: 1, read: (view, at) => view.getInt8(at) }],
  [0x0b, { dtype: "int32", width: 2, read: (view, at) => view.getInt16(at) }],
  [0x0c, { dtype: "int32", width: 4, read: (view, at) => view.getInt32(at) }],
  [0x0d, { dtype: "float32", width: 4, read: (view, at) => view.getFloat32(at) }],
]);

/** Writes a uint8 array as IDX, the counterpart of `parseIdx`. */
export function encodeIdx(shape: readonly number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const begin = 4 + 4 * shape.length;
  const bytes = new Uint8Array(begin + data.length);
  bytes.set([0, 0, 0x08, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((extent, axis) => view.setUint32(4 + 4 * axis, extent));
  bytes.set(data, begin);
  return bytes;
}
