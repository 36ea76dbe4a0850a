import { expect, test } from "vitest";
import { BitSet } from "./bit-set.ts";

test("holds what was added, also beside a word's edge, and what another holds", () => {
  const [a, b] = [new BitSet(70), new BitSet(70)];
  for (const value of [0, 31, 69]) a.add(value);
  for (const value of [31, 32]) b.add(value);
  a.addAll(b);
  a.delete(0);
  expect(Array.from({ length: 70 }, (_, i) => i).filter((i) => a.has(i))).toEqual([31, 32, 69]);
  expect([b.has(69), b.has(32)]).toEqual([false, true]);
});
