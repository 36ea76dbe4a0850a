import { ArgumentError } from "@gradus/tensor";
import { threefry2x32 } from "./threefry.ts";

/** The key of a stream: all its numbers follow from these 64 bits. */
export type StreamKey = readonly [number, number];

/**
 * The key of the stream called `name` under `seed`: a hash, so that streams of different names share nothing.
 *
 * @throws ArgumentError for a seed that is not a whole number from 0 to 2^53 - 1.
 */
export function streamKey(seed: number, name: string): StreamKey {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ArgumentError("random/seed", `a seed is a whole number from 0 to 2^53 - 1, not ${seed}`, { facts: { seed } });
  const key = new Uint32Array([seed % 0x1_0000_0000, Math.floor(seed / 0x1_0000_0000)]);
  // Each four bytes of the name key the next block, the length closes it: no name is another's beginning.
  const bytes = new TextEncoder().encode(name);
  for (let at = 0; at <= bytes.length; at += 4) {
    const word = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24);
    threefry2x32(key[0] ?? 0, key[1] ?? 0, word, bytes.length, key);
  }
  return [key[0] ?? 0, key[1] ?? 0];
}

/** The key of a stream's `index`-th child: for each image, each sample. */
export function childKey([key0, key1]: StreamKey, index: number): StreamKey {
  const key = new Uint32Array(2);
  threefry2x32(key0, key1, index % 0x1_0000_0000, 0x8000_0000 + Math.floor(index / 0x1_0000_0000), key);
  return [key[0] ?? 0, key[1] ?? 0];
}

/** Random numbers one after another, a pure function of the key and how many were drawn. */
export class RandomStream {
  readonly #key0: number;
  readonly #key1: number;
  readonly #block = new Uint32Array(2);
  #drawn = 0;

  constructor([key0, key1]: StreamKey) {
    this.#key0 = key0;
    this.#key1 = key1;
  }

  /** 32 random bits. */
  bits(): number {
    const odd = this.#drawn & 1;
    if (odd === 0) threefry2x32(this.#key0, this.#key1, this.#drawn >>> 1, 0, this.#block);
    this.#drawn++;
    return this.#block[odd] ?? 0;
  }

  /** A float64 in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.bits() * 2 ** -32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** A whole number in [0, bound), without bias, for a bound up to 2^32. */
  below(bound: number): number {
    // The last, incomplete run of `bound` values would favour the small ones.
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    for (;;) {
      const bits = this.bits();
      if (bits < limit) return bits % bound;
    }
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
