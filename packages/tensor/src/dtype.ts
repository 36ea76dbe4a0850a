/** Element types a tensor computes in. */
export type DType = "float32" | "int32" | "uint8" | "bool";

/** Element types a file may hold besides: read into, or written from, a computing type. */
export type FileDType = DType | "float16" | "bfloat16" | "float64" | "int8" | "int16" | "int64";

/** The typed array that holds a dtype on the host; bool is one byte a value, 0 or 1. */
export type TypedArrayOf<D extends DType> = D extends "float32" ? Float32Array : D extends "int32" ? Int32Array : Uint8Array;
export type HostData = Float32Array | Int32Array | Uint8Array;

/** Bytes one element takes, in memory and in files. */
export const bytesPerElement = {
  float32: 4,
  int32: 4,
  uint8: 1,
  bool: 1,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int8: 1,
  int16: 2,
  int64: 8,
} as const satisfies Record<FileDType, number>;

/** Makes a zeroed host array for `length` elements of `dtype`. */
export function hostArray(dtype: DType, length: number): HostData {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "int32":
      return new Int32Array(length);
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
