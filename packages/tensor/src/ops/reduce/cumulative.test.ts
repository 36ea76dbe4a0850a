import { describe, expect, test } from "vitest";
import type { Tensor } from "../../tensor.ts";
import { expectClose, expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { permute } from "../view/permute.ts";
import { cummax, cummin, cumprod, cumsum } from "./cumulative.ts";
import { norm } from "./norm.ts";

const vector = (...values: number[]) => leaf({ shape: [values.length], dtype: "float32" }, values);
const values = (x: Tensor): number[] => [...(evaluate(x)[0] ?? [])];

describe("what was so far", () => {
  test.each([1, 2, 3, 7, 8, 33])("%i elements", (n) => {
    const x = randomLeaf([n]);
    let sum = 0;
    let product = 1;
    expectClose(
      evaluate(cumsum(x))[0],
      values(x).map((v) => (sum += v)),
    );
    expectClose(
      evaluate(cumprod(x))[0],
      values(x).map((v) => (product *= v)),
    );
  });

  test("another axis, of a transposed tensor", () => {
    const x = permute(leaf({ shape: [2, 3], dtype: "int32" }, [1, 2, 3, 4, 5, 6]), [1, 0]);
    expect(values(cumsum(x, { axis: -1 }))).toEqual([1, 5, 2, 7, 3, 9]);
    expect(values(cumsum(x, { axis: 0 }))).toEqual([1, 4, 3, 9, 6, 15]);
    expect(cumsum(leaf({ shape: [2], dtype: "bool" }, [1, 1])).dtype).toBe("int32");
    expect(cumsum(randomLeaf([0, 3])).shape).toEqual([0, 3]);
  });

  test("extremes name the last of equal ones, and stay NaN", () => {
    const { values: largest, indices } = cummax(vector(1, 3, 2, 3, Number.NaN, 5));
    expect(values(largest)).toEqual([1, 3, 3, 3, Number.NaN, Number.NaN]);
    expect(values(indices)).toEqual([0, 1, 1, 3, 4, 4]);
    expect(values(cummin(vector(2, 2, 1, 4)).indices)).toEqual([0, 1, 2, 2]);
    expect(cummax(randomLeaf([2, 0]), { axis: 1 }).indices.shape).toEqual([2, 0]);
  });

  test("gradients, with zeros among the factors", () => {
    expectGradients((x) => cumsum(x, { axis: 1 }), [randomLeaf([2, 5])]);
    expectGradients((x) => cumprod(x), [vector(0.5, 0, -2, 0, 3)]);
    expectGradients((x) => cummax(x).values, [randomLeaf([6])], { second: false });
  });

  test("no axis that is not there", () => {
    expect(() => cumsum(vector(1), { axis: 1 })).toThrow(expect.objectContaining({ code: "argument/axis" }));
  });
});

test("the norm of order 0 counts", () => {
  expect(values(norm(vector(0, -2, 3, 0), { p: 0 }))).toEqual([2]);
  expect(() => norm(vector(1), { p: Number.NaN })).toThrow(expect.objectContaining({ code: "argument/norm" }));
});
