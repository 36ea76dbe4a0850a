import { ArgumentError } from "../errors.ts";
import { onHost } from "./arithmetic.ts";
import { type Pair, threefry } from "./threefry.ts";

/**
 * The root of a stream of random numbers: two 32-bit words, never changed. The same key gives the same numbers
 * everywhere; independent numbers come from keys derived with `foldKey` and `splitKey`.
 */
export interface Key {
  readonly words: Pair<number>;
}

// Last blocks that keep the derivations apart: a folded string never equals a folded number or a split.
const ofText = 1;
const ofNumber = 2;
const ofSplit = 3;

/**
 * The key of a seed.
 *
 * @throws ArgumentError unless the seed is a whole number that float64 holds exactly.
 */
export function key(seed: number): Key {
  return { words: wordsOf("key", seed) };
}

/** The key for one purpose under a seed, such as `stream(seed, "init/conv1.weight")`: a pure function of both. */
export function stream(seed: number, purpose: string): Key {
  return foldKey(key(seed), purpose);
}

/**
 * A key derived from another and a name or number; different data give unrelated keys.
 *
 * @throws ArgumentError unless a number is whole and held exactly by float64.
 */
export function foldKey({ words }: Key, data: string | number): Key {
  if (typeof data === "number") return { words: noiseOf(noiseOf(words, wordsOf("foldKey", data)), [0, ofNumber]) };
  const bytes = new TextEncoder().encode(data);
  let folded = words;
  for (let at = 0; at < bytes.length; at += 8) folded = noiseOf(folded, [word(bytes, at), word(bytes, at + 4)]);
  return { words: noiseOf(folded, [bytes.length, ofText]) };
}

/** `count` unrelated keys derived from one. */
export function splitKey({ words }: Key, count = 2): Key[] {
  return Array.from({ length: count }, (_, i) => ({ words: noiseOf(noiseOf(words, [i, 0]), [0, ofSplit]) }));
}

/** Two words of noise, a pure function of a key's words and a counter: Threefry on the host. */
export function noiseOf(words: Pair<number>, block: Pair<number>): Pair<number> {
  return threefry(onHost, words, block);
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

function wordsOf(subject: string, value: number): Pair<number> {
  if (!Number.isSafeInteger(value))
    throw new ArgumentError("argument/seed", `${value} is not a whole number between -(2^53 - 1) and 2^53 - 1`, { subject });
  return [value | 0, Math.floor(value / 2 ** 32) | 0];
}
