import type { TruncatedBell } from "./distributions.ts";
import { central, tail } from "./inverse-error-function.ts";

const { fround } = Math;
const scratch = new DataView(new ArrayBuffer(4));

/**
 * `normalFrom` on the host, written out: every step rounded to float32, and so bit for bit the same. Models draw
 * millions of initial values, and the shared text, which kernels use too, is ten times as slow once they have.
 */
export function hostNormalFrom(bits: number, { mean, std, low, high, from, to }: TruncatedBell): number {
  const odd = ((bits >>> 9) << 1) | 1;
  const t = fround(fround(fround(fround(odd) * halfUlp) * fround(to - from)) + fround(from));
  const z = fround(fround(inverseErrorFunction(t) * fround(Math.SQRT2 * std)) + fround(mean));
  const raised = low !== -Infinity && z < fround(low) ? fround(low) : z;
  return high !== Infinity && fround(high) < raised ? fround(high) : raised;
}

const halfUlp = 2 ** -24;

function inverseErrorFunction(x: number): number {
  const w = fround(0 - logarithm(fround(fround(1 - x) * fround(1 + x))));
  const sum = w < 5 ? polynomial(fround(w - 2.5), central) : polynomial(fround(fround(Math.sqrt(w)) - 3), tail);
  return fround(sum * x);
}

function logarithm(x: number): number {
  const halfRoot = 0x3f3504f3; // the bits of sqrt(1/2)
  scratch.setFloat32(0, x);
  const shifted = (scratch.getInt32(0) + (0x3f800000 - halfRoot)) | 0;
  const k = (shifted >>> 23) - 127;
  scratch.setInt32(0, ((shifted & 0x007fffff) + halfRoot) | 0);
  const m = scratch.getFloat32(0);
  const t = fround(fround(m - 1) / fround(m + 1));
  return fround(fround(k * fround(Math.LN2)) + fround(fround(t + t) * polynomial(fround(t * t), series)));
}

function polynomial(x: number, coefficients: Float32Array): number {
  let sum = coefficients[0] ?? 0;
  for (let i = 1; i < coefficients.length; i++) sum = fround(fround(sum * x) + (coefficients[i] ?? 0));
  return sum;
}

const series = Float32Array.of(1 / 9, 1 / 7, 1 / 5, 1 / 3, 1);
