import fc from "fast-check";
import { expect, test } from "vitest";
import { broadcastShapes, sizeOf, stridesOf } from "./shape.ts";

const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 });

test("broadcasting is symmetric, has 1 as its neutral size and refuses what does not fit", () => {
  fc.assert(
    fc.property(shape, shape, (a, b) => {
      const joint = broadcastShapes(a, b);
      expect(joint).toEqual(broadcastShapes(b, a));
      const rank = Math.max(a.length, b.length);
      const padded = [a, b].map((one) => [...Array.from({ length: rank - one.length }, () => 1), ...one]);
      const fits = Array.from(
        { length: rank },
        (_, axis) => new Set(padded.map((one) => one[axis] ?? 1).filter((extent) => extent !== 1)).size <= 1,
      );
      expect(joint !== null).toBe(fits.every(Boolean));
      joint?.forEach((extent, axis) => expect(padded.some((one) => one[axis] === extent)).toBe(true));
      joint?.forEach((extent, axis) => expect(padded.every((one) => one[axis] === extent || one[axis] === 1)).toBe(true));
    }),
    { seed: 1 },
  );
});

test("row-major strides count the elements below each axis", () => {
  fc.assert(
    fc.property(shape, (of) => {
      expect(stridesOf(of)).toEqual(of.map((_, axis) => sizeOf(of.slice(axis + 1))));
    }),
    { seed: 2 },
  );
});
