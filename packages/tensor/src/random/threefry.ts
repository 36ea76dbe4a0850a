import type { Arithmetic } from "./arithmetic.ts";

/** Two 32-bit words. */
export type Pair<T> = readonly [T, T];

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * Threefry-2x32 with 20 rounds: two words of noise from a key and a counter, with no state.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
export function threefry<T>(f: Arithmetic<T>, [key0, key1]: Pair<T>, [counter0, counter1]: Pair<T>): Pair<T> {
  const schedule = [key0, key1, f.xor(f.xor(key0, key1), f.int(0x1bd11bda))] as const;
  let a = f.addInt(counter0, key0);
  let b = f.addInt(counter1, key1);
  for (let round = 0; round < 20; round++) {
    const by = rotations[round % 8] ?? 0;
    a = f.addInt(a, b);
    b = f.xor(f.or(f.shiftLeft(b, by), f.shiftRight(b, 32 - by)), a);
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    a = f.addInt(a, schedule[injection % 3] ?? key0);
    b = f.addInt(f.addInt(b, schedule[(injection + 1) % 3] ?? key1), f.int(injection));
  }
  return [a, b];
}
