/** Element types of tensors. float16 is a way to store: what is computed with halves is computed in float32 and rounded to them. */
export type DType = "float32" | "float16" | "int32" | "uint8" | "int8" | "bool";

/** Element types a file may hold besides: read into, or written from, a computing type. */
export type FileDType = DType | "bfloat16" | "float64" | "int16" | "int64";

/**
 * The typed array that holds a dtype on the host; bool is one byte a value, 0 or 1, and float16 the halves' bits: `numbersOf` reads them,
 * `float16Bits` makes them, and where there is a `Float16Array` it can look at the same buffer.
 */
export type TypedArrayOf<D extends DType> = D extends "float32"
  ? Float32Array
  : D extends "float16"
    ? Uint16Array
    : D extends "int32"
      ? Int32Array
      : D extends "int8"
        ? Int8Array
        : Uint8Array;
export type HostData = Float32Array | Int32Array | Uint16Array | Uint8Array | Int8Array;

/** Bytes one element takes, in memory and in files. */
export const bytesPerElement = {
  float32: 4,
  int32: 4,
  uint8: 1,
  int8: 1,
  bool: 1,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int16: 2,
  int64: 8,
} as const satisfies Record<FileDType, number>;

/** Whether values of the dtype are floating point: what gradients flow through. */
export function isFloat(dtype: DType): dtype is "float32" | "float16" {
  return dtype === "float32" || dtype === "float16";
}

/** Makes a zeroed host array for `length` elements of `dtype`. */
export function hostArray(dtype: DType, length: number): HostData {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "float16":
      return new Uint16Array(length);
    case "int32":
      return new Int32Array(length);
    case "int8":
      return new Int8Array(length);
    case "uint8":
    case "bool":
      return new Uint8Array(length);
  }
  dtype satisfies never;
}

/** A plain array with its shape, off the device: what data loaders yield and readers return. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostData;
}
