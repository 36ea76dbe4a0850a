import fc from "fast-check";
import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { concat, split } from "./concat.ts";
import { moveAxis, transpose } from "./permute.ts";
import { narrow, select, slice, type SliceRange } from "./slice.ts";
import { squeeze, unsqueeze } from "./squeeze.ts";

const vector = (n: number) =>
  leaf(
    { shape: [n], dtype: "float32" },
    Array.from({ length: n }, (_, i) => i),
  );

/** Python's own rule, walked index by index. */
function walked(n: number, { start, end, step = 1 }: SliceRange): number[] {
  const fix = (v: number): number => (v < 0 ? v + n : v);
  const first = start === undefined ? (step > 0 ? 0 : n - 1) : fix(start);
  const stop = end === undefined ? (step > 0 ? n : -1) : fix(end) < 0 ? -1 : fix(end);
  const low = step > 0 ? Math.max(first, 0) : Math.min(first, n - 1);
  const found: number[] = [];
  for (let i = low; step > 0 ? i < stop : i > stop; i += step) if (i >= 0 && i < n) found.push(i);
  return found;
}

test("a slice picks what Python's would", () => {
  const bound = fc.option(fc.integer({ min: -12, max: 12 }), { nil: undefined });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9 }), bound, bound, fc.integer({ min: -4, max: 4 }), (n, start, end, step) => {
      fc.pre(step !== 0);
      const range = { step, ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
      expect([...(evaluate(slice(vector(n), [range]))[0] ?? [])]).toEqual(walked(n, range));
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test("the other views of one axis", () => {
  const x = leaf(
    { shape: [2, 3, 4], dtype: "float32" },
    Array.from({ length: 24 }, (_, i) => i),
  );
  expect(select(x, 1, -1).shape).toEqual([2, 4]);
  expect([...(evaluate(select(x, 1, -1))[0] ?? [])]).toEqual([8, 9, 10, 11, 20, 21, 22, 23]);
  expect(narrow(x, -1, 1, 2).shape).toEqual([2, 3, 2]);
  expect(narrow(x, 0, 0, 2)).toBe(x);
  expect(transpose(x).shape).toEqual([2, 4, 3]);
  expect(transpose(x, 0, 2).shape).toEqual([4, 3, 2]);
  expect(moveAxis(x, 0, -1).shape).toEqual([3, 4, 2]);
  expect(squeeze(unsqueeze(x, -1), -1).shape).toEqual([2, 3, 4]);
  expect(unsqueeze(x, 0).shape).toEqual([1, 2, 3, 4]);
  expect(split(x, 3, { axis: 2 }).map(({ shape }) => shape)).toEqual([
    [2, 3, 3],
    [2, 3, 1],
  ]);
  expect([...(evaluate(concat(split(x, [1, 0, 3], { axis: -1 }), { axis: -1 }))[0] ?? [])]).toEqual([...(evaluate(x)[0] ?? [])]);
});

test("impossible views are refused", () => {
  const x = vector(3);
  expect(() => slice(x, [{ step: 0 }])).toThrow(ArgumentError);
  expect(() => slice(x, [null, null])).toThrow(ArgumentError);
  expect(() => narrow(x, 0, 2, 2)).toThrow(ShapeError);
  expect(() => select(x, 0, 3)).toThrow(ShapeError);
  expect(() => select(x, 1, 0)).toThrow(ArgumentError);
  expect(() => squeeze(x, 0)).toThrow(ArgumentError);
  expect(() => transpose(x)).toThrow(ArgumentError);
  expect(() => split(x, [1, 1])).toThrow(ArgumentError);
  expect(() => split(x, 0)).toThrow(ArgumentError);
});
