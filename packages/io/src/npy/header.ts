import { FormatError } from "@gradus/tensor";
import type { ElementName } from "../elements/element.ts";
import { inMessage } from "../safetensors/in-message.ts";

/** What a file of NumPy says of its array. */
export interface NpyHeader {
  readonly element: ElementName;
  readonly bigEndian: boolean;
  readonly shape: readonly number[];
  /** Where the data begins. */
  readonly begin: number;
}

export const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy's own bound on what it reads without being told to trust it. */
const longestHeader = 10_000;
/** More than any framework allows; NumPy ends at 64. */
const maxRank = 64;

/** NumPy's letter and width of the types that are read. */
const elements: Readonly<Record<string, ElementName>> = {
  b1: "BOOL",
  i1: "I8",
  u1: "U8",
  i2: "I16",
  u2: "U16",
  i4: "I32",
  u4: "U32",
  i8: "I64",
  u8: "U64",
  f2: "F16",
  f4: "F32",
  f8: "F64",
};

/**
 * Reads the header: the magic bytes, a version, a length, and a Python dictionary of exactly `descr`, `fortran_order` and `shape`.
 * Source: NumPy Enhancement Proposal 1.
 *
 * @throws FormatError `npy/*`
 */
export function parseNpyHeader(file: Uint8Array): NpyHeader {
  if (!magic.every((byte, i) => file[i] === byte)) throw problem("magic", "the file does not begin with \\x93NUMPY");
  const version = file[6] ?? 0;
  const lengthBytes = version === 1 ? 2 : 4;
  if (version < 1 || version > 3) throw problem("version", `the file is of version ${version}, and versions 1 to 3 are read`);
  const start = 8 + lengthBytes;
  if (file.length < start) throw problem("truncated", `the file ends after ${file.length} bytes, in the length of its header`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = lengthBytes === 2 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > longestHeader) throw problem("header-length", `the header claims ${length} bytes, more than ${longestHeader}`);
  if (length > file.length - start) throw problem("truncated", `the header claims ${length} bytes and the file has ${file.length - start}`);
  const text = new TextDecoder("utf-8").decode(file.subarray(start, start + length));
  return { ...parseDictionary(text), begin: start + length };
}

/** One entry of the dictionary as NumPy writes it: `'shape': (3, 4), `. Whole numbers have no sign and no zeros before them. */
const entry =
  /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^'\\]{1,32})'|(True|False)|\(\s*((?:(?:0|[1-9]\d{0,15})\s*,\s*)*(?:0|[1-9]\d{0,15})?)\s*\))\s*(?:,|(?=\}))/y;

function parseDictionary(text: string): Omit<NpyHeader, "begin"> {
  const dictionary = /^\{(.*\})\s*$/s.exec(text)?.[1];
  if (dictionary === undefined) throw problem("syntax", `the header is no dictionary: ${inMessage(text)}`);
  const found = new Map<string, RegExpExecArray>();
  entry.lastIndex = 0;
  for (let match = entry.exec(dictionary); match !== null; match = entry.exec(dictionary)) {
    const [, key = ""] = match;
    if (found.has(key)) throw problem("duplicate-key", `the header has the key ${key} twice`);
    found.set(key, match);
  }
  const [, , descr] = found.get("descr") ?? [];
  const [, , , fortran] = found.get("fortran_order") ?? [];
  const [, , , , tuple] = found.get("shape") ?? [];
  if (descr === undefined || fortran === undefined || tuple === undefined || !/^\s*\}$/.test(dictionary.slice(lastOf(found))))
    throw problem("syntax", `the header must hold descr, fortran_order and shape, and nothing else: ${inMessage(text)}`);
  if (fortran === "True") {
    throw new FormatError("npy/fortran-order", "the array lies column by column", {
      subject: "npy",
      hint: "save it with numpy.ascontiguousarray",
    });
  }
  return { ...elementNamed(descr), shape: shapeOf(tuple) };
}

function lastOf(found: ReadonlyMap<string, RegExpExecArray>): number {
  return Math.max(...[...found.values()].map(({ index, 0: text }) => index + text.length));
}

function elementNamed(descr: string): Pick<NpyHeader, "element" | "bigEndian"> {
  const [, order, type = ""] = /^([<>|=])([a-z]\d)$/.exec(descr) ?? [];
  const element = Object.hasOwn(elements, type) ? elements[type] : undefined;
  // Only a byte has no order, and a file's own order says nothing here.
  if (element !== undefined && (order === "<" || order === ">" || (order === "|" && type.endsWith("1"))))
    return { element, bigEndian: order === ">" };
  throw new FormatError("npy/dtype", `the dtype ${inMessage(descr)} is not read`, {
    subject: "npy",
    hint: `read are ${Object.keys(elements).join(", ")}, after < or > (or | for one byte)`,
  });
}

function shapeOf(tuple: string): readonly number[] {
  const parts = tuple.split(",").map((part) => part.trim());
  // A tuple of one ends in a comma; a number in parentheses is no tuple.
  if (parts.length === 1 && parts[0] !== "") throw problem("syntax", `the shape (${tuple}) is no tuple`);
  const shape = (parts.at(-1) === "" ? parts.slice(0, -1) : parts).map(Number);
  if (shape.length > maxRank) throw problem("too-many", `the shape has ${shape.length} axes, more than ${maxRank}`);
  if (!shape.every(Number.isSafeInteger)) throw problem("integer", `the shape (${tuple}) has a number above 2^53 - 1`);
  return shape;
}

export function problem(rule: string, sentence: string): FormatError {
  return new FormatError(`npy/${rule}`, sentence, { subject: "npy" });
}
