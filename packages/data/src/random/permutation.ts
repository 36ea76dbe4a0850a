import { RandomStream, streamKey } from "./stream.ts";

/** The numbers 0 to `length` - 1 in an order that is a pure function of seed and stream name (Fisher and Yates). */
export function permutation(seed: number, stream: string, length: number): Uint32Array {
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  shuffle(order, new RandomStream(streamKey(seed, stream)));
  return order;
}

/** Shuffles in place. */
export function shuffle(values: Uint32Array | Uint8Array, random: RandomStream): void {
  for (let last = values.length - 1; last > 0; last--) {
    const at = random.below(last + 1);
    const moved = values[last] ?? 0;
    values[last] = values[at] ?? 0;
    values[at] = moved;
  }
}
