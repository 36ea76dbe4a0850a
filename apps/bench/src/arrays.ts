import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NamedArray } from "@gradus/conformance/perf";

export { arrayNamed, type NamedArray } from "@gradus/conformance/perf";

/** A named array in a file: row-major little-endian 32-bit values and nothing else, which every language reads. */
export interface ArrayFile {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
  readonly path: string;
}

export function writeArrays(folder: string, prefix: string, arrays: readonly NamedArray[]): ArrayFile[] {
  return arrays.map(({ name, shape, data }, i) => {
    const path = join(folder, `${prefix}-${i}.bin`);
    writeFileSync(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { name, shape, dtype: data instanceof Float32Array ? "float32" : "int32", path };
  });
}

export function readArrays(files: readonly ArrayFile[]): NamedArray[] {
  return files.map(({ name, shape, dtype, path }) => {
    const { buffer } = Uint8Array.from(readFileSync(path));
    return { name, shape, data: dtype === "float32" ? new Float32Array(buffer) : new Int32Array(buffer) };
  });
}
