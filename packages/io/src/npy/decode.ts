import type { HostTensor } from "@gradus/tensor";
import { decodeElements, type DecodeOptions } from "../elements/decode.ts";
import { elementOf } from "../elements/element.ts";
import { byteLength } from "../safetensors/header.ts";
import { parseNpyHeader, problem } from "./header.ts";

/**
 * Reads a whole `.npy` file, as `numpy.save` writes one array.
 *
 * bool, uint8, int8, int32 and float32 are kept; float16 becomes float32, int16 and uint16 become int32, all exactly; int64, uint32 and uint64
 * become int32 where every value fits. float64 is refused unless `{ float64: "round" }` asks for the nearest float32.
 *
 * Example: `decodeNpy(await readFile(nodeFileSystem(), "labels.npy", 1e9))`.
 *
 * @throws FormatError `npy/*` for a file that breaks any rule of the format, an array in Fortran's order, and an integer beyond int32, the first of which it names;
 *   DTypeError for float64. Source: NumPy Enhancement Proposal 1.
 */
export function decodeNpy(file: Uint8Array, options: DecodeOptions = {}): HostTensor {
  const { element, shape, begin, bigEndian } = parseNpyHeader(file);
  const { bytes: width } = elementOf(element);
  const data = file.subarray(begin);
  const needed = byteLength(shape, width);
  if (needed !== data.length) {
    const count = needed === null ? "more than 2^53" : String(needed);
    throw problem("size", `an array of ${element} [${shape.join(", ")}] takes ${count} bytes and the file holds ${data.length}`);
  }
  return decodeElements({ element, shape, format: "npy", what: "the array" }, bigEndian ? reversed(data, width) : data, options);
}

/** The same elements with their bytes in the other order. */
function reversed(data: Uint8Array, width: number): Uint8Array {
  const swapped = Uint8Array.from(data);
  for (let at = 0; at < swapped.length; at += width) swapped.subarray(at, at + width).reverse();
  return swapped;
}
