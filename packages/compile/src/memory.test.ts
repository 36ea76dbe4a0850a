import fc from "fast-check";
import { expect, test } from "vitest";
import { cacheLine, type Lifetime, planMemory } from "./memory.ts";

const numRuns = Math.max(100, Math.floor(Number(process.env["GRADUS_FUZZ_CASES"] ?? 20_000) / 100));
const lifetimes = fc.array(
  fc
    .record({ bytes: fc.nat({ max: 2000 }), from: fc.nat({ max: 20 }), span: fc.nat({ max: 8 }) })
    .map(({ bytes, from, span }): Lifetime => ({ bytes, from, to: from + span })),
  { maxLength: 30 },
);

test("values alive at once never overlap, start on cache lines and stay inside the arena", () => {
  fc.assert(
    fc.property(lifetimes, (lives) => {
      const { offsets, bytes } = planMemory(lives);
      lives.forEach((life, i) => {
        const start = offsets[i] ?? -1;
        expect(start % cacheLine).toBe(0);
        expect(start + life.bytes).toBeLessThanOrEqual(bytes);
        lives.slice(0, i).forEach((other, j) => {
          const apart = life.to < other.from || other.to < life.from;
          const otherStart = offsets[j] ?? -1;
          expect(apart || start + life.bytes <= otherStart || otherStart + other.bytes <= start).toBe(true);
        });
      });
    }),
    { numRuns, seed: 1 },
  );
});

test("values that never meet share their bytes", () => {
  expect(
    planMemory([
      { bytes: 100, from: 0, to: 1 },
      { bytes: 128, from: 2, to: 3 },
      { bytes: 64, from: 4, to: 4 },
    ]),
  ).toEqual({ offsets: [0, 0, 0], bytes: 128 });
});

test("a small value goes into the gap between two large ones", () => {
  expect(
    planMemory([
      { bytes: 256, from: 0, to: 9 },
      { bytes: 192, from: 0, to: 3 },
      { bytes: 128, from: 0, to: 9 },
      { bytes: 64, from: 5, to: 9 },
    ]).offsets,
  ).toEqual([0, 256, 448, 256]);
});
