import { leaves } from "../scalar/leaves.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { inverseErrorFunction } from "./inverse-error-function.ts";

export interface UniformRange {
  readonly low: number;
  readonly high: number;
}

export interface NormalShape {
  readonly mean: number;
  readonly std: number;
  /** Values are drawn from the part of the bell between these; -Infinity and Infinity for all of it. */
  readonly low: number;
  readonly high: number;
}

/** A bell cut off at two bounds, with the interval that erf maps them to. */
export interface TruncatedBell extends NormalShape {
  readonly from: number;
  readonly to: number;
}

export function truncatedBell({ mean, std, low, high }: NormalShape): TruncatedBell {
  const [from, to] = [low, high].map((bound) => leaves.erf.js((bound - mean) / (std * Math.SQRT2)));
  return { mean, std, low, high, from: from ?? -1, to: to ?? 1 };
}

/** A uniform number from 32 random bits: the upper 24 of them make a fraction in 0 .. 1 - 2^-24, which is scaled. */
export function uniformFrom<T>(f: Arithmetic<T>, bits: T, { low, high }: UniformRange): T {
  const fraction = f.mul(f.floatOf(f.shiftRight(bits, 8)), f.float(2 ** -24));
  return f.add(f.mul(fraction, f.float(high - low)), f.float(low));
}

/**
 * A normal number from 32 random bits, by the inverse of its distribution: mean + std * sqrt(2) * erfinv(t), with t in the
 * middle of one of 2^23 equal parts of the interval that erf maps the bounds to.
 */
export function normalFrom<T>(f: Arithmetic<T>, bits: T, { mean, std, low, high, from, to }: TruncatedBell): T {
  const odd = f.or(f.shiftLeft(f.shiftRight(bits, 9), 1), f.int(1));
  const t = f.add(f.mul(f.mul(f.floatOf(odd), f.float(2 ** -24)), f.float(to - from)), f.float(from));
  const z = f.add(f.mul(inverseErrorFunction(f, t), f.float(Math.SQRT2 * std)), f.float(mean));
  const raised = low === -Infinity ? z : f.ifLess(z, f.float(low), f.float(low), z);
  return high === Infinity ? raised : f.ifLess(f.float(high), raised, f.float(high), raised);
}

/** A whole number in low .. low + count - 1 from 32 random bits, for counts up to 2^24. */
export function integerFrom<T>(f: Arithmetic<T>, bits: T, { low, count }: { readonly low: number; readonly count: number }): T {
  const fraction = f.mul(f.floatOf(f.shiftRight(bits, 8)), f.float(2 ** -24));
  return f.addInt(f.intOf(f.mul(fraction, f.float(count))), f.int(low));
}
