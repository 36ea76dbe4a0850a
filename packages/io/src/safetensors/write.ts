import { ArgumentError, bytesPerElement, hostArray, type HostTensor } from "@gradus/tensor";
import { atomicWrite } from "../atomic-write.ts";
import type { FileSystem } from "../ports/file-system.ts";
import { elementNameOf } from "../elements/element.ts";
import { littleEndianBytes } from "../elements/little-endian.ts";
import { byteLength, maxHeaderBytes, maxRank, metadataKey } from "./header.ts";
import { inMessage } from "./in-message.ts";

export type Tensors = ReadonlyMap<string, HostTensor>;
export type Metadata = ReadonlyMap<string, string>;

const chunkBytes = 4 << 20;

/**
 * Writes tensors to a safetensors file, whole or not at all, without a second copy of them in memory.
 *
 * The bytes depend on the tensors and metadata alone, not on the order of the maps: wider elements first, then by name.
 * So every tensor lies at a multiple of its element's size, the data begins at a multiple of 8, and what is read and written again is the same file.
 *
 * @throws ArgumentError `safetensors/*` for anything the reader would refuse; StorageError from the file system.
 */
export async function writeSafetensors(fs: FileSystem, path: string, tensors: Tensors, metadata: Metadata = new Map()): Promise<void> {
  const { header, ordered, bytes } = layOut(tensors, metadata);
  await atomicWrite(fs, path, pieces(header, ordered), { bytes });
}

/** Like `writeSafetensors`, into an array. */
export function encodeSafetensors(tensors: Tensors, metadata: Metadata = new Map()): Uint8Array<ArrayBuffer> {
  const { header, ordered, bytes } = layOut(tensors, metadata);
  const file = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces(header, ordered)) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}

function* pieces(header: Uint8Array, ordered: readonly HostTensor[]): Generator<Uint8Array> {
  yield header;
  for (const tensor of ordered) {
    const bytes = littleEndianBytes(tensor);
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
}

function layOut(tensors: Tensors, metadata: Metadata) {
  const named = [...tensors].sort(([a, { dtype: x }], [b, { dtype: y }]) => bytesPerElement[y] - bytesPerElement[x] || compare(a, b));
  const members: string[] = [];
  if (metadata.size > 0) {
    const pairs = [...metadata].sort(([a], [b]) => compare(a, b)).map(([key, value]) => `${quoted(key)}:${quoted(value)}`);
    members.push(`"${metadataKey}":{${pairs.join(",")}}`);
  }
  let begin = 0;
  for (const [name, tensor] of named) {
    const end = begin + checkedBytes(name, tensor);
    members.push(
      `${quoted(name)}:{"dtype":"${elementNameOf[tensor.dtype]}","shape":[${tensor.shape.join(",")}],"data_offsets":[${begin},${end}]}`,
    );
    begin = end;
  }
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > maxHeaderBytes) throw refused("header", `the header would take ${length} bytes, beyond the format's ${maxHeaderBytes}`);
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setUint32(0, length, true);
  header.fill(0, 4, 8);
  header.set(json, 8);
  return { header, ordered: named.map(([, tensor]) => tensor), bytes: header.length + begin };
}

/** The tensor's bytes in the file, after checking that it is what it claims to be. */
function checkedBytes(name: string, { dtype, shape, data }: HostTensor): number {
  const what = `the tensor ${inMessage(name)}`;
  if (name === metadataKey) throw refused("reserved-name", `a tensor cannot be named ${metadataKey}, which the format reserves`);
  if (shape.length > maxRank) throw refused("too-many", `${what} has ${shape.length} axes, more than ${maxRank}`);
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
    throw refused("shape", `${what} has the shape [${shape.join(", ")}]`);
  const bytes = byteLength(shape, bytesPerElement[dtype]);
  const fits = data.constructor === hostArray(dtype, 0).constructor;
  if (!fits || bytes !== data.byteLength)
    throw refused("size", `${what} of ${dtype} [${shape.join(", ")}] holds ${data.length} elements of ${data.constructor.name}`);
  if (dtype === "bool" && data.some((value) => value > 1)) throw refused("bool", `${what} holds a bool that is neither 0 nor 1`);
  return bytes;
}

function quoted(text: string): string {
  if (!text.isWellFormed()) throw refused("utf8", `the name or metadata ${inMessage(text)} holds half of a surrogate pair`);
  return JSON.stringify(text);
}

/** By UTF-16 code units: the same on every host, unlike a locale's order. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function refused(rule: string, sentence: string): ArgumentError {
  return new ArgumentError(`safetensors/${rule}`, sentence, { subject: "safetensors" });
}
