import { DTypeError, float16Value, FormatError, hostArray, type HostTensor } from "@gradus/tensor";
import { elementOf } from "./element.ts";
import type { TensorEntry } from "./header.ts";
import { inMessage } from "./in-message.ts";

export interface DecodeOptions {
  /** `"round"` reads float64 as the nearest float32; by default it is refused. */
  readonly float64?: "refuse" | "round";
}

/**
 * Turns a tensor's bytes into a host tensor.
 *
 * F32, I32, U8 and BOOL keep their bits. F16 and BF16 become float32, I8, I16 and U16 become int32, all exactly.
 * I64, U32 and U64 become int32 where every value fits.
 *
 * @throws DTypeError for float64 unless rounding is asked for, and for types Gradus does not compute in;
 *   FormatError for an integer beyond int32 and a bool other than 0 or 1.
 */
export function decodeTensor(
  name: string,
  { element, shape }: TensorEntry,
  bytes: Uint8Array,
  { float64 = "refuse" }: DecodeOptions = {},
): HostTensor {
  const { readsAs, bytes: width } = elementOf(element);
  const what = `the tensor ${inMessage(name)}`;
  if (readsAs === null || (element === "F64" && float64 === "refuse")) {
    throw new DTypeError("safetensors/unread-dtype", `${what} is ${element}, which is not read`, {
      subject: "safetensors",
      hint: element === "F64" ? 'pass { float64: "round" } to read it as float32' : "convert it to F32 before loading",
    });
  }
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
        throw new FormatError("safetensors/bool", `${what} holds a bool that is ${bytes[wrong] ?? 0}, neither 0 nor 1`, {
          subject: "safetensors",
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
      for (let i = 0; i < length; i++) data[i] = view.getInt8(i);
      break;
    case "I16":
      for (let i = 0; i < length; i++) data[i] = view.getInt16(2 * i, true);
      break;
    case "U16":
      for (let i = 0; i < length; i++) data[i] = view.getUint16(2 * i, true);
      break;
    case "U32":
      for (let i = 0; i < length; i++) data[i] = int32Of(view.getUint32(4 * i, true), 0, what, i);
      break;
    case "I64":
    case "U64":
      for (let i = 0; i < length; i++) {
        const high = element === "I64" ? view.getInt32(8 * i + 4, true) : view.getUint32(8 * i + 4, true);
        data[i] = int32Of(view.getUint32(8 * i, true), high, what, i);
      }
      break;
    case "F8_E5M2":
    case "F8_E4M3":
    case "F8_E8M0":
    case "C64":
      throw new DTypeError("safetensors/unread-dtype", `${what} is ${element}, which is not read`, { subject: "safetensors" });
    default:
      element satisfies never;
  }
  return { dtype: readsAs, shape, data };
}

/** The value of `high * 2^32 + low` if it is an int32. */
function int32Of(low: number, high: number, what: string, at: number): number {
  const value = high * 0x1_0000_0000 + low;
  if (value === (value | 0)) return value;
  throw new FormatError("safetensors/int32-range", `${what} holds ${high === 0 || high === -1 ? value : `${value} or so`}, outside int32`, {
    subject: "safetensors",
    facts: { element: at },
  });
}

export const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
