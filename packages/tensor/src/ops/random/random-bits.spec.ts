import type { Spec } from "../../op/spec.ts";
import { sizeOf } from "../../shape.ts";
import type { randomBitsOp } from "./random-bits.ts";

export const randomBitsSpec: Spec<typeof randomBitsOp> = {
  reference: ({ key }, { shape, salt }) =>
    Array.from({ length: sizeOf(shape) }, (_, i) => noise(key.data[0] ?? 0, key.data[1] ?? 0, i, salt)),
  cases: [
    { x: { key: { shape: [2], dtype: "int32", values: [0, 0] } }, attrs: { shape: [5], salt: 0 } },
    { x: { key: { shape: [2], dtype: "int32", range: [-2147483648, 2147483647] } }, attrs: { shape: [4, 33], salt: 7 } },
    { x: { key: { shape: [2], dtype: "int32", values: [-1, -1] } }, attrs: { shape: [2, 1, 3], salt: -1 } },
    { x: { key: { shape: [2], dtype: "int32" } }, attrs: { shape: [0], salt: 0 } },
  ],
  rejects: [
    { x: { key: [2] }, attrs: { shape: [3], salt: 0 }, code: "shape/random-key" },
    { x: { key: { shape: [3], dtype: "int32" } }, attrs: { shape: [3], salt: 0 }, code: "shape/random-key" },
    { x: { key: { shape: [2], dtype: "int32" } }, attrs: { shape: [-3], salt: 0 }, code: "shape/negative" },
  ],
  noGradient: "random bits depend on nothing differentiable",
};

/** Threefry-2x32-20 in arbitrary precision, as the paper states it. */
function noise(key0: number, key1: number, counter0: number, counter1: number): number {
  const wrap = (v: bigint): bigint => BigInt.asUintN(32, v);
  const key = [wrap(BigInt(key0)), wrap(BigInt(key1))];
  const words = [key[0] ?? 0n, key[1] ?? 0n, (key[0] ?? 0n) ^ (key[1] ?? 0n) ^ 0x1bd11bdan];
  const rotations = [13n, 15n, 26n, 6n, 17n, 29n, 16n, 24n];
  let a = wrap(BigInt(counter0));
  let b = wrap(BigInt(counter1));
  for (let round = 0; round <= 20; round++) {
    if (round % 4 === 0) {
      const d = round / 4;
      a = wrap(a + (words[d % 3] ?? 0n));
      b = wrap(b + (words[(d + 1) % 3] ?? 0n) + BigInt(d));
    }
    if (round === 20) break;
    const by = rotations[round % 8] ?? 0n;
    a = wrap(a + b);
    b = wrap((b << by) | (b >> (32n - by))) ^ a;
  }
  return Number(BigInt.asIntN(32, a));
}
