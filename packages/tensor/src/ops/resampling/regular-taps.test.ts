import { describe, expect, test } from "vitest";
import { regularTaps } from "./regular-taps.ts";
import type { Taps } from "./taps.ts";

/** Linear taps of an axis made longer or shorter, edges repeated. */
function linear(from: number, to: number): Taps {
  return Array.from({ length: to }, (_, i) => {
    const at = ((i + 0.5) * from) / to - 0.5;
    const [first, share] = [Math.floor(at), at - Math.floor(at)];
    const inside = (place: number): number => Math.min(Math.max(place, 0), from - 1);
    return [
      { place: inside(first), weight: 1 - share },
      { place: inside(first + 1), weight: share },
    ];
  });
}

describe("taps follow a rule", () => {
  test("of an axis made longer, with a weight for each remainder", () => {
    expect(regularTaps(linear(6, 12), 6)).toEqual({
      times: 2,
      step: 1,
      taps: [
        { shift: -1, weights: [0.25, 0.75] },
        { shift: 1, weights: [0.75, 0.25] },
      ],
    });
  });

  test("where two come to one place they share its weight, so that none counts for nothing", () => {
    const regular = regularTaps(linear(5, 15), 5);
    expect(regular?.taps.length).toBe(2);
    expect(regular?.taps.map(({ weights }) => weights[1])).toEqual([0.5, 0.5]);
    expect(regular?.taps.every(({ weights }) => weights.every((weight) => weight > 0))).toBe(true);
  });

  test("of an axis made shorter, with a step", () => {
    expect(regularTaps(linear(12, 4), 12)).toMatchObject({ times: 1, step: 3, taps: [{ shift: 1, weights: [1] }] });
    expect(regularTaps(linear(8, 4), 8)?.taps.map(({ shift }) => shift)).toEqual([0, 1]);
  });

  test("unless the edges are others, or no whole number leads from one length to the other", () => {
    const zeros = linear(6, 12).map((row, i) => (i === 0 ? [{ place: 0, weight: 0.75 }] : row));
    expect(regularTaps(zeros, 6)).toBeNull();
    expect(regularTaps(linear(6, 9), 6)).toBeNull();
    expect(regularTaps(linear(4, 6), 4)).toBeNull();
  });
});
