import { readFileSync } from "node:fs";
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";

/** One tensor of a reference file. */
export interface Stored {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Float64Array;
}

const readers = {
  F32: { dtype: "float32", read: (bytes: ArrayBuffer) => Float64Array.from(new Float32Array(bytes)) },
  I32: { dtype: "int32", read: (bytes: ArrayBuffer) => Float64Array.from(new Int32Array(bytes)) },
  U8: { dtype: "bool", read: (bytes: ArrayBuffer) => Float64Array.from(new Uint8Array(bytes)) },
} as const;

/** Reads a trusted reference file whole. */
export function readReference(path: string): Map<string, Stored> {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const body = bytes.subarray(8 + length);
  const header: unknown = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  return new Map(
    Object.entries(header as Record<string, { dtype: keyof typeof readers; shape: number[]; data_offsets: [number, number] }>)
      .filter(([name]) => name !== "__metadata__")
      .map(([name, { dtype, shape, data_offsets }]) => {
        const own = Uint8Array.from(body.subarray(...data_offsets));
        return [name, { shape, dtype: readers[dtype].dtype, data: readers[dtype].read(own.buffer) }];
      }),
  );
}
