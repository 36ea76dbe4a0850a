import { hostUniform, stream } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { type Matrix, minimalFiltering, throughMatrix } from "./winograd-matrices.ts";

function product(matrix: Matrix, values: readonly number[]): readonly number[] {
  return matrix.map((row) => row.reduce((sum, coefficient, i) => sum + coefficient * (values[i] ?? Number.NaN), 0));
}

describe.each([
  [2, 3],
  [4, 3],
  [3, 2],
  [3, 4],
])("F(%i, %i)", (outputs, taps) => {
  const { image, filter, output } = minimalFiltering(outputs, taps);

  test("is the correlation", () => {
    const d = [...hostUniform(stream(1, "image"), outputs + taps - 1, -1, 1)];
    const g = [...hostUniform(stream(1, "filter"), taps, -1, 1)];
    const filtered = product(filter, g);
    const products = product(image, d).map((value, point) => value * (filtered[point] ?? Number.NaN));
    const expected = Array.from({ length: outputs }, (_, i) => g.reduce((sum, weight, k) => sum + weight * (d[i + k] ?? Number.NaN), 0));
    product(output, products).forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 12));
  });

  test("multiplies once a value", () => {
    expect([image.length, filter.length, output[0]?.length]).toEqual(Array.from({ length: 3 }, () => outputs + taps - 1));
  });
});

test("what a matrix leaves out is not written", () => {
  expect(
    throughMatrix(
      [
        [0, 1],
        [-1, 2],
      ],
      "a",
      "b",
    ).split("\n"),
  ).toEqual([
    "let bHalf0_0 = a0_1;",
    "let bHalf0_1 = fma(2f, a0_1, -1f * a0_0);",
    "let bHalf1_0 = a1_1;",
    "let bHalf1_1 = fma(2f, a1_1, -1f * a1_0);",
    "let b0_0 = bHalf1_0;",
    "let b0_1 = bHalf1_1;",
    "let b1_0 = fma(2f, bHalf1_0, -1f * bHalf0_0);",
    "let b1_1 = fma(2f, bHalf1_1, -1f * bHalf0_1);",
  ]);
});
