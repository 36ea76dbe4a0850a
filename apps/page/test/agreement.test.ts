import { expect, test } from "vitest";
import { differenceOf } from "../src/agreement.ts";

test("the largest relative difference is found with its step", () => {
  expect(differenceOf([2, 1, 4], [2, 1.5, 5])).toEqual({ largest: 0.5, step: 2 });
  expect(differenceOf([2, 1], [2, 1, 7])).toEqual({ largest: 0, step: 0 });
});

test("a value that is no number differs beyond measure, and hides nothing after it", () => {
  expect(differenceOf([1, 1, 1], [1, Number.NaN, 2])).toEqual({ largest: Number.POSITIVE_INFINITY, step: 2 });
});
