import { DTypeError, float16Value, FormatError, hostArray, type HostTensor } from "@gradus/tensor";
import { type ElementName, elementOf } from "./element.ts";
import { littleEndian } from "./little-endian.ts";

export interface DecodeOptions {
  /** `"round"` reads float64 as the nearest float32; by default it is refused. */
  readonly float64?: "refuse" | "round";
}

/** What bytes are, by their file's header, and how errors name them. */
export interface Encoded {
  readonly element: ElementName;
  readonly shape: readonly number[];
  /** The beginning of every error's code, and its subject. */
  readonly format: "safetensors" | "npy";
  /** The beginning of every error's sentence. */
  readonly what: string;
}

/**
 * Turns a tensor's little-endian bytes, which its shape fills, into a host tensor.
 *
 * F32, I32, U8, I8 and BOOL keep their bits. F16 and BF16 become float32, I16 and U16 become int32, all exactly.
 * I64, U32 and U64 become int32 where every value fits.
 *
 * @throws DTypeError for float64 unless rounding is asked for, and for types Gradus does not compute in;
 *   FormatError `FORMAT/int32-range`, which names the first integer beyond int32, and for a bool other than 0 or 1.
 */
export function decodeElements(
  { element, shape, format, what }: Encoded,
  bytes: Uint8Array,
  { float64 = "refuse" }: DecodeOptions = {},
): HostTensor {
  const { readsAs, bytes: width } = elementOf(element);
  const unread = (hint?: string): DTypeError =>
    new DTypeError(`${format}/unread-dtype`, `${what} is ${element}, which is not read`, {
      subject: format,
      ...(hint === undefined ? {} : { hint }),
    });
  const outOfRange = (value: number | bigint, at: number): FormatError =>
    new FormatError(`${format}/int32-range`, `${what} holds ${value} at element ${at}, outside int32`, {
      subject: format,
      facts: { element: at },
    });
  if (element === "F64" && float64 === "refuse") throw unread('pass { float64: "round" } to read it as float32');
  if (readsAs === null) throw unread("convert it to F32 before loading");
  const length = bytes.length / width;
  const data = hostArray(readsAs, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (element) {
    case "U8":
      data.set(bytes);
      break;
    case "BOOL": {
      data.set(bytes);
      const wrong = bytes.findIndex((value) => value > 1);
      if (wrong >= 0)
        throw new FormatError(`${format}/bool`, `${what} holds a bool that is ${bytes[wrong] ?? 0}, neither 0 nor 1`, {
          subject: format,
          facts: { element: wrong },
        });
      break;
    }
    case "F32":
    case "I32":
      // Bits are copied, not values: a NaN keeps its payload.
      if (littleEndian) new Uint8Array(data.buffer).set(bytes);
      else for (let i = 0, words = new DataView(data.buffer); i < length; i++) words.setUint32(4 * i, view.getUint32(4 * i, true));
      break;
    case "F64":
      for (let i = 0; i < length; i++) data[i] = view.getFloat64(8 * i, true);
      break;
    case "BF16":
      for (let i = 0, bits = new Uint32Array(data.buffer); i < length; i++) bits[i] = view.getUint16(2 * i, true) << 16;
      break;
    case "F16":
      for (let i = 0; i < length; i++) data[i] = float16Value(view.getUint16(2 * i, true));
      break;
    case "I8":
      new Uint8Array(data.buffer).set(bytes);
      break;
    case "I16":
      for (let i = 0; i < length; i++) data[i] = view.getInt16(2 * i, true);
      break;
    case "U16":
      for (let i = 0; i < length; i++) data[i] = view.getUint16(2 * i, true);
      break;
    case "U32":
      for (let i = 0; i < length; i++) {
        const value = view.getUint32(4 * i, true);
        if (!isInt32(value)) throw outOfRange(value, i);
        data[i] = value;
      }
      break;
    case "I64":
    case "U64":
      for (let i = 0; i < length; i++) {
        const high = element === "I64" ? view.getInt32(8 * i + 4, true) : view.getUint32(8 * i + 4, true);
        const value = high * 0x1_0000_0000 + view.getUint32(8 * i, true);
        if (!isInt32(value)) throw outOfRange(element === "I64" ? view.getBigInt64(8 * i, true) : view.getBigUint64(8 * i, true), i);
        data[i] = value;
      }
      break;
    case "F8_E5M2":
    case "F8_E4M3":
    case "F8_E8M0":
    case "C64":
      throw unread();
    default:
      element satisfies never;
  }
  return { dtype: readsAs, shape, data };
}

function isInt32(value: number): boolean {
  return value === (value | 0);
}
