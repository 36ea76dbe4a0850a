import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { permutation } from "./permutation.ts";
import { childKey, RandomStream, streamKey } from "./stream.ts";

describe("streams", () => {
  it("differ by seed, by name and by child", () => {
    const keys = [
      streamKey(1, "a"),
      streamKey(2, "a"),
      streamKey(2 ** 32 + 1, "a"),
      streamKey(1, "b"),
      streamKey(1, "a\0"),
      streamKey(1, ""),
      childKey(streamKey(1, "a"), 0),
      childKey(streamKey(1, "a"), 2 ** 32),
    ];
    expect(new Set(keys.map(String)).size).toBe(keys.length);
  });

  it("refuse a seed that is not a whole number", () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => streamKey(seed, "a")).toThrow(/a seed is a whole number/);
  });

  it("draw evenly below a bound that does not divide 2^32", () => {
    const random = new RandomStream(streamKey(3, "below"));
    const counts = new Array<number>(7).fill(0);
    for (let n = 0; n < 70_000; n++) counts[random.below(7)]! += 1;
    // Five standard deviations of a binomial count around 10,000.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(10_000 * (6 / 7)));
  });
});

describe("permutation", () => {
  it("holds every number once, for any seed and length", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 300 }), (seed, length) =>
        [...permutation(seed, "shuffle/0", length)].sort((a, b) => a - b).every((value, i) => value === i),
      ),
    );
  });

  it("is the same on every host", () => {
    expect([...permutation(1, "shuffle/0", 10)]).toMatchInlineSnapshot(`
      [
        8,
        6,
        5,
        1,
        9,
        3,
        4,
        7,
        0,
        2,
      ]
    `);
    expect([...permutation(1, "shuffle/1", 10)]).toMatchInlineSnapshot(`
      [
        6,
        2,
        3,
        0,
        7,
        9,
        4,
        5,
        8,
        1,
      ]
    `);
  });

  it("puts each number in each place equally often", () => {
    const counts = new Array<number>(16).fill(0);
    for (let seed = 0; seed < 8000; seed++) permutation(seed, "x", 4).forEach((value, place) => (counts[4 * place + value]! += 1));
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(2000 * 0.75));
  });
});
