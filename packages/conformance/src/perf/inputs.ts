import { type Shape, sizeOf } from "@gradus/tensor";
import type { PerfInput } from "./perf-case.ts";

/** Uniform numbers where the library computes, in -1 .. 1 unless said. */
export function data(name: string, shape: Shape, { low = -1, high = 1 } = {}): PerfInput {
  return { name, shape, dtype: "float32", draw: { kind: "uniform", low, high }, role: "data" };
}

/** A weight as an initialiser leaves it: uniform within 1 / sqrt(fanIn). */
export function weight(name: string, shape: Shape, fanIn = sizeOf(shape.slice(1))): PerfInput {
  const bound = 1 / Math.sqrt(fanIn);
  return { name, shape, dtype: "float32", draw: { kind: "uniform", low: -bound, high: bound }, role: "parameter" };
}

/** A parameter that begins as one number. */
export function filled(name: string, shape: Shape, value: number): PerfInput {
  return { name, shape, dtype: "float32", draw: { kind: "constant", value }, role: "parameter" };
}

/** Bytes of float32 tensors. */
export function bytesOf(...shapes: readonly Shape[]): number {
  return shapes.reduce((bytes, shape) => bytes + 4 * sizeOf(shape), 0);
}
