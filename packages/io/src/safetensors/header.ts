import { DTypeError, FormatError } from "@gradus/tensor";
import { elementNames, elementOf, isElementName, type ElementName } from "../elements/element.ts";
import { foreignFormat } from "./foreign.ts";
import { inMessage } from "./in-message.ts";
import { HeaderScanner } from "./scanner.ts";

/** What the header says of one tensor. `begin` and `end` count from the start of the data, in bytes. */
export interface TensorEntry {
  readonly element: ElementName;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the file's order. Keys are the file's own, `__proto__` and all. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** Where the data begins in the file. */
  readonly dataBegin: number;
}

/** The format's own bound on the header. */
export const maxHeaderBytes = 100_000_000;
/** More axes than any framework allows. */
export const maxRank = 64;
export const metadataKey = "__metadata__";

/**
 * Reads the length a file begins with: 8 bytes, little-endian.
 *
 * `start` holds the file's first 9 bytes or more, if it has them. Throws a `FormatError` that says what else the file is,
 * where it can tell: a pickle, a zip archive.
 */
export function headerLength(start: Uint8Array, fileBytes: number): number {
  if (fileBytes < 10)
    throw refusal(start, "too-short", `the file has ${fileBytes} bytes, fewer than the 10 of the smallest safetensors file`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 0x1_0000_0000;
  if (length > maxHeaderBytes)
    throw refusal(start, "header-length", `the header claims ${length} bytes, beyond the format's ${maxHeaderBytes}`);
  if (length > fileBytes - 8)
    throw refusal(start, "header-length", `the header claims ${length} bytes and the file has ${fileBytes - 8} after its length`);
  if (length < 2) throw refusal(start, "header-length", `the header claims ${length} bytes, fewer than the 2 of {}`);
  if (start[8] !== 0x7b) throw refusal(start, "header-start", "the header does not begin with {");
  return length;
}

/**
 * Reads the header's JSON and checks that the tensors tile the data: no hole, no overlap, each as long as its shape says.
 *
 * `fileBytes` is the whole file's length. Time and memory are linear in the header.
 *
 * @throws FormatError `safetensors/*`, DTypeError `safetensors/dtype`
 */
export function parseHeader(header: Uint8Array, fileBytes: number): SafetensorsHeader {
  const scanner = new HeaderScanner(header, 8);
  const metadata = new Map<string, string>();
  const tensors = new Map<string, TensorEntry>();
  scanner.object("the header", (name) => {
    if (name === metadataKey)
      scanner.object(metadataKey, (key) => void metadata.set(key, scanner.string(`the metadata ${inMessage(key)}`)));
    else tensors.set(name, tensorEntry(scanner, name));
  });
  scanner.end();
  const dataBegin = 8 + header.length;
  checkTiling(tensors, fileBytes - dataBegin);
  return { metadata, tensors, dataBegin };
}

function tensorEntry(scanner: HeaderScanner, name: string): TensorEntry {
  const what = `the tensor ${inMessage(name)}`;
  let element: ElementName | undefined;
  let shape: readonly number[] | undefined;
  let offsets: readonly number[] | undefined;
  scanner.object(what, (key) => {
    switch (key) {
      case "dtype":
        element = elementNamed(scanner.string(`the dtype of ${what}`), what);
        return;
      case "shape":
        shape = scanner.integers(`the shape of ${what}`, maxRank);
        return;
      case "data_offsets":
        offsets = scanner.integers(`the data_offsets of ${what}`, 2);
        return;
      default:
        throw scanner.problem("unknown-key", `${what} has the key ${inMessage(key)}, which the format does not know`);
    }
  });
  if (element === undefined || shape === undefined || offsets === undefined)
    throw scanner.problem("missing-key", `${what} lacks its dtype, shape or data_offsets`);
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined) throw scanner.problem("offsets", `${what} needs two data_offsets`);
  if (end < begin) throw scanner.problem("offsets", `${what} ends at ${end}, before its begin at ${begin}`);
  const bytes = byteLength(shape, elementOf(element).bytes);
  if (bytes === null) throw scanner.problem("overflow", `${what} has the shape [${shape.join(", ")}], whose bytes pass 2^53`);
  if (bytes !== end - begin)
    throw scanner.problem(
      "size",
      `${what} of ${element} [${shape.join(", ")}] takes ${bytes} bytes and its data_offsets span ${end - begin}`,
    );
  return { element, shape, begin, end };
}

/** Elements times width, or null where a partial product leaves the safe integers, whatever the order of the axes. */
export function byteLength(shape: readonly number[], width: number): number | null {
  let bytes = width;
  let empty = false;
  for (const extent of shape) {
    if (extent === 0) empty = true;
    else bytes *= extent;
    if (bytes > Number.MAX_SAFE_INTEGER) return null;
  }
  return empty ? 0 : bytes;
}

function elementNamed(name: string, what: string): ElementName {
  if (isElementName(name)) return name;
  throw new DTypeError("safetensors/dtype", `${what} has the unknown dtype ${inMessage(name)}`, {
    subject: "safetensors",
    hint: `the format's dtypes are ${elementNames.join(", ")}`,
  });
}

function checkTiling(tensors: ReadonlyMap<string, TensorEntry>, dataBytes: number): void {
  // Empty tensors sort before the one that begins where they do.
  const ordered = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const [name, { begin, end }] of ordered) {
    if (begin > expected) throw tiling(name, "hole", `${begin - expected} bytes before it belong to no tensor`, begin);
    if (begin < expected) throw tiling(name, "overlap", "it shares bytes with another tensor", begin);
    expected = end;
  }
  if (expected === dataBytes) return;
  throw new FormatError(
    expected > dataBytes ? "safetensors/truncated" : "safetensors/trailing",
    expected > dataBytes
      ? `the tensors need ${expected} bytes of data and the file has ${dataBytes}`
      : `the file has ${dataBytes} bytes of data and its tensors cover ${expected}`,
    { subject: "safetensors" },
  );
}

function tiling(name: string, rule: string, sentence: string, begin: number): FormatError {
  return new FormatError(`safetensors/${rule}`, `the tensor ${inMessage(name)} begins at ${begin}: ${sentence}`, {
    subject: "safetensors",
  });
}

/** The format's own complaint, unless the file plainly is something else. */
function refusal(start: Uint8Array, rule: string, sentence: string): FormatError {
  return foreignFormat(start) ?? new FormatError(`safetensors/${rule}`, sentence, { subject: "safetensors" });
}
