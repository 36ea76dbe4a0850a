import { ArgumentError, noiseOf } from "@gradus/tensor";

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
  let key: StreamKey = [seed % 0x1_0000_0000, Math.floor(seed / 0x1_0000_0000)];
  // Each four bytes of the name key the next block, the length closes it: no name is another's beginning.
  const bytes = new TextEncoder().encode(name);
  for (let at = 0; at <= bytes.length; at += 4) {
    const word = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24);
    key = noiseOf(key, [word, bytes.length]);
  }
  return key;
}

/** The key of a stream's `index`-th child: for each image, each sample. */
export function childKey(key: StreamKey, index: number): StreamKey {
  return noiseOf(key, [index % 0x1_0000_0000, 0x8000_0000 + Math.floor(index / 0x1_0000_0000)]);
}

/** Random numbers one after another, a pure function of the key and how many were drawn. */
export class RandomStream {
  readonly #key: StreamKey;
  #second = 0;
  #drawn = 0;

  constructor(key: StreamKey) {
    this.#key = key;
  }

  /** 32 random bits. */
  bits(): number {
    const drawn = this.#drawn++;
    if (drawn % 2 === 1) return this.#second >>> 0;
    const [first, second] = noiseOf(this.#key, [drawn >>> 1, 0]);
    this.#second = second;
    return first >>> 0;
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
