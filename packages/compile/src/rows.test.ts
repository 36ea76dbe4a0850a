import {
  addIndex,
  axisIndex,
  divIndex,
  type IndexExpression,
  modIndex,
  offsetIndex,
  ScalarBuilder,
  scaleIndex,
  type Shape,
  valueIndex,
} from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import type { LoopStep } from "./plan.ts";
import { fallsInRows, readsOwnRow, rowCounts } from "./rows.ts";

const s = new ScalarBuilder();

/** A step that stores what it reads of one buffer, number 7; with `reduce`, the sum of it. */
function reading(at: IndexExpression, extents: Shape, reduce: Shape = []): LoopStep {
  const value = s.load(0, "float32", at);
  return {
    kind: "loop",
    label: "read",
    extents,
    reduce,
    terms: reduce.length === 0 ? [] : [{ combine: "sum", value }],
    reads: [7],
    writes: [{ buffer: 8, value: reduce.length === 0 ? value : s.accumulator(0, "float32") }],
  };
}

const [row, column] = [axisIndex(0, 6), axisIndex(1, 20)];
const own = addIndex(scaleIndex(row, 20), column);
const flat = axisIndex(0, 120);

describe("what a step reads of 6 rows", () => {
  test.each<[string, LoopStep, number, boolean]>([
    ["its own element", reading(own, [6, 20]), 120, true],
    ["its own element, axes as one", reading(flat, [120]), 120, true],
    ["a value of each row", reading(row, [6, 20]), 6, true],
    ["a value of each row, by division", reading(divIndex(flat, 20), [120]), 6, true],
    ["all of a row", reading(own, [6], [20]), 120, true],
    ["its row backwards", reading(addIndex(scaleIndex(row, 20), offsetIndex(scaleIndex(column, -1), 19)), [6, 20]), 120, true],
    ["two of each row", reading(addIndex(scaleIndex(row, 2), divIndex(column, 10)), [6, 20]), 12, true],
    ["any of its row", reading(addIndex(scaleIndex(row, 20), valueIndex(s.load(1, "int32", row), 20)), [6, 20]), 120, true],
    ["one further, the next row's first in the end", reading(offsetIndex(own, 1), [6, 20]), 120, false],
    ["one further of as many", reading(offsetIndex(own, 1), [6, 19]), 120, true],
    ["one back", reading(offsetIndex(own, -1), [6, 20]), 120, false],
    ["the rows backwards", reading(addIndex(offsetIndex(scaleIndex(row, -20), 100), column), [6, 20]), 120, false],
    ["columns", reading(addIndex(scaleIndex(axisIndex(1, 6), 20), axisIndex(0, 20)), [20], [6]), 120, false],
    ["every row's value", reading(axisIndex(1, 6), [6, 6]), 6, false],
    ["the same for all rows", reading(column, [6, 20]), 20, false],
    ["a remainder", reading(modIndex(flat, 20), [120]), 20, false],
    ["any at all", reading(valueIndex(s.load(1, "int32", row), 120), [6, 20]), 120, false],
  ])("%s", (_, step, elements, stays) => {
    expect(readsOwnRow(step, 7, elements, 6)).toBe(stays);
  });

  test("an index that is read counts as a read too", () => {
    const other = s.load(0, "int32", offsetIndex(scaleIndex(row, -1), 5));
    const step = reading(own, [6, 20]);
    const gathering = { ...step, reads: [7, 9], writes: [{ buffer: 8, value: s.load(1, "float32", valueIndex(other, 120)) }] };
    expect(readsOwnRow(gathering, 7, 6, 6)).toBe(false);
    expect(readsOwnRow({ ...gathering, reads: [9, 9] }, 7, 6, 6)).toBe(true);
  });
});

test("rows are leading axes, or with them equal parts of the next one", () => {
  const falls = (extents: Shape, rows: number): boolean => fallsInRows(reading(axisIndex(0, 1), extents), rows);
  expect([falls([6, 20], 6), falls([120], 6), falls([2, 60], 6), falls([2, 3, 5], 6), falls([3, 4, 5], 6), falls([6], 6)]).toEqual([
    true,
    true,
    true,
    true,
    true,
    true,
  ]);
  // Rows of 10 would begin in the middle of a run of 4.
  expect([falls([5, 4], 6), falls([15, 4], 6), falls([4, 3], 6), falls([], 6), falls([6, 0], 6)]).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(rowCounts(reading(axisIndex(0, 1), [4, 1, 3]))).toEqual([12, 4]);
});
