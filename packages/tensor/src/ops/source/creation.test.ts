import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { evaluate } from "../../test/evaluate.ts";
import type { Tensor } from "../../tensor.ts";
import { oneHot } from "../indexing/gather.ts";
import { all, any } from "../reduce/logic.ts";
import { logSumExp } from "../reduce/softmax.ts";
import { arange, eye, linspace, onesLike, tensor, zerosLike } from "./creation.ts";
import { zeros } from "./full.ts";

const values = (x: Tensor): number[] => [...(evaluate(x)[0] ?? [])];

describe("tensor", () => {
  test("reads numbers, nested arrays and typed arrays", () => {
    expect(String(tensor(3))).toBe("float32[]");
    expect(
      String(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ),
    ).toBe("float32[2, 3]");
    expect(String(tensor([[], []]))).toBe("float32[2, 0]");
    expect(String(tensor([true, false]))).toBe("bool[2]");
    expect(String(tensor([1.5, -2], { dtype: "int32" }))).toBe("int32[2]");
    expect(values(tensor([1.5, -2], { dtype: "int32" }))).toEqual([1, -2]);
    expect(String(tensor(Uint8Array.of(1, 2, 3, 4), { shape: [2, 2] }))).toBe("uint8[2, 2]");
    expect(values(tensor(Float64Array.of(0.1)))).toEqual([Math.fround(0.1)]);
    expect(values(tensor(Uint8Array.of(0, 7), { dtype: "bool" }))).toEqual([0, 1]);
  });
  test("does not copy what already fits", () => {
    const data = Float32Array.of(1, 2);
    expect(tensor(data).host).toBe(data);
  });
  test("refuses ragged arrays and shapes that are not filled", () => {
    for (const ragged of [
      [[1, 2], [3]],
      [[1], 2],
      [1, [2]],
      [[1], [[2]]],
    ])
      expect(() => tensor(ragged)).toThrow(ShapeError);
    expect(() => tensor([1, 2, 3], { shape: [2] })).toThrow(ShapeError);
  });
});

test("ranges", () => {
  expect(values(arange(4))).toEqual([0, 1, 2, 3]);
  expect(arange(4).dtype).toBe("int32");
  expect(values(arange(5, -1, -2))).toEqual([5, 3, 1]);
  expect(values(arange(0, 1, 0.25))).toEqual([0, 0.25, 0.5, 0.75]);
  expect(arange(3, 0).shape).toEqual([0]);
  expect(arange(3, 5, 1, { dtype: "float32" }).dtype).toBe("float32");
  expect(() => arange(0, 3, 0)).toThrow(ArgumentError);
  expect(values(linspace(0, 1, 5))).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(values(linspace(2, 3, 1))).toEqual([2]);
  expect(() => linspace(0, 1, -1)).toThrow(ArgumentError);
});

test("matrices and likenesses", () => {
  expect(values(eye(2, 3))).toEqual([1, 0, 0, 0, 1, 0]);
  expect(String(zerosLike(arange(2)))).toBe("int32[2]");
  expect(values(onesLike(arange(2)))).toEqual([1, 1]);
  expect(values(oneHot(tensor([2, 0, 5], { dtype: "int32" }), 3))).toEqual([0, 0, 1, 1, 0, 0, 0, 0, 0]);
});

test("reductions of nothing", () => {
  expect(values(any(zeros([0])))).toEqual([0]);
  expect(values(all(zeros([0])))).toEqual([1]);
  expect(
    values(
      any(
        tensor([
          [0, 2],
          [0, 0],
        ]),
        { axis: 1 },
      ),
    ),
  ).toEqual([1, 0]);
  expect(
    values(
      all(
        tensor([
          [1, 2],
          [0, 1],
        ]),
        { axis: 1 },
      ),
    ),
  ).toEqual([1, 0]);
  expect(values(logSumExp(zeros([2, 0]), { axis: 1 }))).toEqual([-Infinity, -Infinity]);
  expect(values(logSumExp(tensor([-Infinity, -Infinity])))).toEqual([-Infinity]);
});
