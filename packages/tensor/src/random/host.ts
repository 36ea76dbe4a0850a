import { ArgumentError } from "../errors.ts";
import { onHost } from "./arithmetic.ts";
import { integerFrom, truncatedBell } from "./distributions.ts";
import { hostNormalFrom } from "./host-normal.ts";
import type { Key } from "./key.ts";

const { fround } = Math;

/** The bits that the device's generator makes for `count` elements: word `i` is noise of the key and the counter [i, salt]. */
export function hostBits({ words: [first, second] }: Key, count: number, salt = 0): Int32Array {
  const bits = new Int32Array(count);
  // `threefry` written out over plain integers, five times four rounds: models draw millions of initial values.
  for (let i = 0; i < count; i++) {
    let key0 = first;
    let key1 = second;
    let key2 = first ^ second ^ 0x1bd11bda;
    let a = (i + key0) | 0;
    let b = (salt + key1) | 0;
    for (let group = 0; group < 5; group++) {
      const odd = (group & 1) === 1;
      a = (a + b) | 0;
      b = rotate(b, odd ? 17 : 13) ^ a;
      a = (a + b) | 0;
      b = rotate(b, odd ? 29 : 15) ^ a;
      a = (a + b) | 0;
      b = rotate(b, odd ? 16 : 26) ^ a;
      a = (a + b) | 0;
      b = rotate(b, odd ? 24 : 6) ^ a;
      const used = key0;
      key0 = key1;
      key1 = key2;
      key2 = used;
      a = (a + key0) | 0;
      b = (b + key1 + group + 1) | 0;
    }
    bits[i] = a;
  }
  return bits;
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** Uniform numbers in low .. high, equal bit for bit to the device's `uniform` with the same key. */
export function hostUniform(key: Key, count: number, low = 0, high = 1): Float32Array {
  const width = fround(high - low);
  const start = fround(low);
  return drawn(key, count, (bits) => fround(fround((bits >>> 8) * 2 ** -24) * width) + start);
}

/** Normal numbers, equal bit for bit to the device's `normal` with the same key. */
export function hostNormal(key: Key, count: number, mean = 0, std = 1): Float32Array {
  return hostTruncatedNormal(key, count, { mean, std, low: -Infinity, high: Infinity });
}

/** One float for each word; filled by a loop, because `Float32Array.from` costs more than the arithmetic. */
function drawn(key: Key, count: number, from: (bits: number) => number): Float32Array {
  const bits = hostBits(key, count);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = from(bits[i] ?? 0);
  return values;
}

export interface TruncatedNormalOptions {
  /** Of the whole bell, not of the part; 0 when left out. */
  readonly mean?: number;
  /** Of the whole bell, not of the part; 1 when left out. */
  readonly std?: number;
  /** Lower bound; -2 when left out. */
  readonly low?: number;
  /** Upper bound; 2 when left out. */
  readonly high?: number;
}

/** Normal numbers between two bounds, equal bit for bit to the device's `truncatedNormal` with the same key. */
export function hostTruncatedNormal(
  key: Key,
  count: number,
  { mean = 0, std = 1, low = -2, high = 2 }: TruncatedNormalOptions = {},
): Float32Array {
  const bell = truncatedBell({ mean, std, low, high });
  return drawn(key, count, (bits) => hostNormalFrom(bits, bell));
}

/** 1 with probability `p`, else 0; equal to the device's `bernoulli` with the same key. */
export function hostBernoulli(key: Key, count: number, p = 0.5): Uint8Array {
  return Uint8Array.from(hostUniform(key, count), (u) => Number(u < Math.fround(p)));
}

/** Whole numbers in low .. high - 1, equal to the device's `randint` with the same key. */
export function hostIntegers(key: Key, count: number, low: number, high: number): Int32Array {
  const range = integerRange("hostIntegers", low, high);
  return hostBits(key, count).map((bits) => integerFrom(onHost, bits, range));
}

/** The numbers 0 .. count - 1 in random order: the shuffle of Fisher and Yates, from the last place to the first. */
export function permutation(key: Key, count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const bits = hostBits(key, count);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor((((bits[i] ?? 0) >>> 0) / 2 ** 32) * (i + 1));
    const moved = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = moved;
  }
  return order;
}

/**
 * The low end and the count of a range of whole numbers.
 *
 * @throws ArgumentError if it is empty, has more than 2^24 numbers, or leaves int32.
 */
export function integerRange(subject: string, low: number, high: number): { readonly low: number; readonly count: number } {
  const fits = Number.isInteger(low) && Number.isInteger(high) && low >= -(2 ** 31) && high <= 2 ** 31;
  if (!fits || high <= low || high - low > 2 ** 24) {
    throw new ArgumentError("argument/range", `${low} .. ${high} is not a range of 1 to 2^24 whole numbers within int32`, {
      subject,
      hint: "the upper end is not included",
    });
  }
  return { low, count: high - low };
}
