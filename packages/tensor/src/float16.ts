import type { DType, HostData } from "./dtype.ts";
import { hostArray } from "./dtype.ts";

/**
 * The bits of the half nearest to a number, ties to the even one (IEEE 754-2019, binary16: 1 sign, 5 exponent, 10 fraction bits).
 *
 * From 65520 on it is infinity; below 2^-14 halves are 2^-24 apart, and what is nearest to none but zero is a zero of its sign.
 *
 * Example: `float16Bits(1) === 0x3c00`.
 */
export function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const rounded = Math.abs(roundToFloat16(value));
  if (rounded === Infinity) return sign | 0x7c00;
  // 2^-112 of a half has the exponent field of a half, and its fraction at the top of a float32's: subnormals too.
  scratch.setFloat32(0, rounded * 2 ** -112);
  return sign | (scratch.getUint32(0) >>> 13);
}

/** The number that a half's bits stand for, exactly. */
export function float16Value(bits: number): number {
  const magnitude = bits & 0x7fff;
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  if (magnitude >= 0x7c00) return magnitude === 0x7c00 ? sign * Infinity : Number.NaN;
  scratch.setUint32(0, magnitude << 13);
  return sign * (scratch.getFloat32(0) * 2 ** 112);
}

/** The half nearest to a number, as a number. */
export function roundToFloat16(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < 65520)) return Number.isNaN(value) ? value : value * Infinity;
  // Added to a power of two whose last place is a half's at this size, a number is rounded to that place.
  scratch.setFloat64(0, magnitude);
  const exponent = Math.max(-14, (scratch.getUint32(0) >>> 20) - 1023);
  const grid = 2 ** (exponent + 42);
  const rounded = magnitude + grid - grid;
  return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}

/** A host array's values: halves decoded, what holds numbers already as it is. */
export function numbersOf(dtype: DType, data: HostData): Exclude<HostData, Uint16Array> {
  return data instanceof Uint16Array || dtype === "float16" ? Float32Array.from(data, float16Value) : data;
}

/** A host array of `dtype` with the given numbers, each stored as the dtype stores it. */
export function hostFrom(dtype: DType, values: ArrayLike<number>): HostData {
  if (dtype === "float16") return Uint16Array.from(values, float16Bits);
  if (dtype === "bool") return Uint8Array.from(values, (value) => Number(value !== 0));
  const data = hostArray(dtype, values.length);
  data.set(values);
  return data;
}

const scratch = new DataView(new ArrayBuffer(8));
