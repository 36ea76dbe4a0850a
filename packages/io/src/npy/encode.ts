import { ArgumentError, bytesPerElement, type DType, hostArray, type HostTensor } from "@gradus/tensor";
import { littleEndianBytes } from "../elements/little-endian.ts";
import { byteLength } from "../safetensors/header.ts";
import { magic } from "./header.ts";

const descriptions: Readonly<Record<DType, string>> = {
  float32: "<f4",
  float16: "<f2",
  int32: "<i4",
  uint8: "|u1",
  int8: "|i1",
  bool: "|b1",
};

/**
 * Writes one array as a `.npy` file of version 1, the bytes that `numpy.save` writes; `numpy.load` reads it.
 *
 * Example: `await atomicWrite(fs, "weights.npy", [encodeNpy(weights)])`.
 *
 * @throws ArgumentError if the values do not fill the shape or are of another type than the dtype's.
 *   Source: NumPy Enhancement Proposal 1.
 */
export function encodeNpy(tensor: HostTensor): Uint8Array<ArrayBuffer> {
  const { dtype, shape, data } = tensor;
  const fits = data.constructor === hostArray(dtype, 0).constructor && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!fits || byteLength(shape, bytesPerElement[dtype]) !== data.byteLength) {
    throw new ArgumentError("npy/size", `${dtype} [${shape.join(", ")}] holds ${data.length} elements of ${data.constructor.name}`, {
      subject: "npy",
    });
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dictionary = `{'descr': '${descriptions[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The data begins at a multiple of 64, after spaces and a line's end.
  const begin = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const file = new Uint8Array(begin + data.byteLength).fill(0x20, 10, begin);
  file.set(magic);
  file[6] = 1;
  new DataView(file.buffer).setUint16(8, begin - 10, true);
  file.set(new TextEncoder().encode(dictionary), 10);
  file[begin - 1] = 0x0a;
  file.set(littleEndianBytes(tensor), begin);
  return file;
}
