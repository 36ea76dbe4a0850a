import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HostTensor } from "@gradus/tensor";

const folder = process.env["GRADUS_SHARED"] ?? fileURLToPath(new URL("../../../../../shared", import.meta.url));

/** Whether the reference values lie beside the checkout. */
export const hasShared = existsSync(`${folder}/reference`);
export const withoutShared = "shared/ is not beside the checkout";

/** A JSON file of the reference values, which is known to be what its README says. */
export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(`${folder}/reference/${path}`, "utf8")) as T;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [from: number, to: number];
}

/** The tensors of a safetensors file that is known to be well formed. */
export function readTensors(path: string): Map<string, HostTensor> {
  const bytes = readFileSync(`${folder}/reference/${path}`);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  const tensors = new Map<string, HostTensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries<Entry>(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = data_offsets;
    const raw = Uint8Array.from(bytes.subarray(8 + length + from, 8 + length + to));
    if (dtype === "F32") tensors.set(name, { dtype: "float32", shape, data: new Float32Array(raw.buffer) });
    else if (dtype === "I32") tensors.set(name, { dtype: "int32", shape, data: new Int32Array(raw.buffer) });
    else tensors.set(name, { dtype: "uint8", shape, data: raw });
  }
  return tensors;
}
