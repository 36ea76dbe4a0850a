import { sizeOf, type TruncatedNormalOptions } from "@gradus/tensor";
import type { Initialiser } from "./initialiser.ts";

/** Uniform in low .. high; 0 .. 1 when left out. */
export function uniform({ low = 0, high = 1 }: { readonly low?: number; readonly high?: number } = {}): Initialiser {
  return (shape, random) => random.uniform(sizeOf(shape), low, high);
}

/** Normal with the given mean and standard deviation; 0 and 1 when left out. */
export function normal({ mean = 0, std = 1 }: { readonly mean?: number; readonly std?: number } = {}): Initialiser {
  return (shape, random) => random.normal(sizeOf(shape), mean, std);
}

/** Every element `value`. */
export function constant(value: number): Initialiser {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/** Every element 0. */
export function zeros(): Initialiser {
  return constant(0);
}

/** Every element 1. */
export function ones(): Initialiser {
  return constant(1);
}

/** Normal with the given mean and standard deviation, drawn between low and high only; 0, 1, -2 and 2 when left out. */
export function truncatedNormal(options: TruncatedNormalOptions = {}): Initialiser {
  return (shape, random) => random.truncatedNormal(sizeOf(shape), options);
}
