import { describe, expect, test } from "vitest";
import type { Tensor } from "../../tensor.ts";
import { expectClose, expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { permute } from "../view/permute.ts";
import { affineGrid } from "./affine-grid.ts";
import { cubic } from "./cubic.ts";
import { gridSample } from "./grid-sample.ts";
import { interpolate } from "./interpolate.ts";

const none = randomLeaf([0]);
const identity = (n: number): Tensor =>
  leaf({ shape: [n, 2, 3], dtype: "float32" }, Array.from({ length: n }, () => [1, 0, 0, 0, 1, 0]).flat());

describe("gradients", () => {
  test.each(["nearest", "nearest-exact", "bilinear", "bicubic", "area"] as const)("interpolate %s, larger and smaller", (mode) => {
    expectGradients((x) => interpolate(permute(x, [0, 1, 3, 2]), { size: [5, 2], mode }), [randomLeaf([1, 2, 3, 4])]);
  });

  test("interpolate linear and trilinear", () => {
    expectGradients((x) => interpolate(x, { scaleFactor: 1.5, mode: "linear" }), [randomLeaf([1, 2, 5])]);
    expectGradients((x) => interpolate(x, { size: 3, mode: "trilinear", alignCorners: true }), [randomLeaf([1, 1, 2, 2, 2])]);
  });

  test.each(["bilinear", "bicubic"] as const)("gridSample %s, of image and grid", (mode) => {
    for (const paddingMode of ["zeros", "border", "reflection"] as const)
      expectGradients(
        (x = none, grid = none) => gridSample(x, grid, { mode, paddingMode }),
        [randomLeaf([1, 2, 3, 4]), randomLeaf([1, 2, 3, 2], 2, [-1.4, 1.4])],
        {
          second: mode === "bilinear" && paddingMode === "zeros",
        },
      );
  });

  test("affineGrid", () => {
    expectGradients((theta) => affineGrid(theta, [2, 1, 2, 3]), [randomLeaf([2, 2, 3])]);
  });
});

test("the identity's grid samples the image itself", () => {
  const x = randomLeaf([2, 3, 4, 5]);
  for (const alignCorners of [false, true])
    for (const mode of ["bilinear", "nearest", "bicubic"] as const)
      expectClose(
        evaluate(gridSample(x, affineGrid(identity(2), x.shape, { alignCorners }), { mode, alignCorners }))[0],
        evaluate(x)[0] ?? [],
        1e-6,
      );
});

test("an infinite value reaches what reads it and nothing else", () => {
  const x = leaf({ shape: [1, 1, 4], dtype: "float32" }, [Infinity, 1, 2, 3]);
  for (const scaleFactor of [2, 3, 1.5]) {
    const values = [...(evaluate(interpolate(x, { scaleFactor, mode: "linear" }))[0] ?? [])];
    expect(values[0]).toBe(Infinity);
    expect(values.slice(2 * Math.ceil(scaleFactor)).every(Number.isFinite)).toBe(true);
    expect(values.some(Number.isNaN)).toBe(false);
  }
});

test("resampling to the same size, and enlarging a plane, keep what is there", () => {
  const x = randomLeaf([1, 1, 3, 4]);
  for (const mode of ["nearest", "bilinear", "bicubic", "area"] as const)
    expectClose(evaluate(interpolate(x, { size: [3, 4], mode }))[0], evaluate(x)[0] ?? []);
  const plane = leaf({ shape: [1, 1, 2], dtype: "float32" }, [1, 4]);
  expectClose(evaluate(interpolate(plane, { size: 4, mode: "linear", alignCorners: true }))[0], [1, 2, 3, 4], 1e-6);
  expectClose(evaluate(interpolate(plane, { scaleFactor: 2 }))[0], [1, 1, 4, 4]);
});

test("the cubic kernel is smooth, is 1 at 0 and 0 at other whole numbers, and its taps add up to 1", () => {
  expect([0, 1, -1, 2, 3].map((t) => cubic(t) + 0)).toEqual([1, 0, 0, 0, 0]);
  for (const t of [0, 0.125, 0.5, 0.875]) expect(cubic(t + 1) + cubic(t) + cubic(1 - t) + cubic(2 - t)).toBeCloseTo(1, 12);
  for (const t of [0, 1, 2]) expect((cubic(t + 1e-6) - cubic(t)) / 1e-6).toBeCloseTo((cubic(t) - cubic(t - 1e-6)) / 1e-6, 4);
});

test("a batch of none", () => {
  expect(interpolate(randomLeaf([0, 2, 3, 4]), { size: 5, mode: "bilinear" }).shape).toEqual([0, 2, 5, 5]);
  expect(gridSample(randomLeaf([0, 2, 3, 4]), randomLeaf([0, 5, 6, 2])).shape).toEqual([0, 2, 5, 6]);
  expect(gridSample(randomLeaf([1, 0, 3, 4]), randomLeaf([1, 5, 6, 2])).shape).toEqual([1, 0, 5, 6]);
});

test.each<[string, () => unknown, string]>([
  ["neither size nor factor", () => interpolate(randomLeaf([1, 1, 2]), {}), "argument/interpolate"],
  ["both", () => interpolate(randomLeaf([1, 1, 2]), { size: 2, scaleFactor: 1 }), "argument/interpolate"],
  ["a mode for other axes", () => interpolate(randomLeaf([1, 1, 2]), { size: 2, mode: "bilinear" }), "argument/interpolate"],
  ["a size of nothing", () => interpolate(randomLeaf([1, 1, 2]), { scaleFactor: 0.1 }), "shape/interpolate"],
  ["an image of nothing", () => interpolate(randomLeaf([1, 1, 0]), { size: 2 }), "shape/interpolate"],
  ["no spatial axes", () => interpolate(randomLeaf([1, 1]), { size: [] }), "shape/interpolate"],
  ["a grid of another batch", () => gridSample(randomLeaf([1, 1, 2, 2]), randomLeaf([2, 1, 1, 2])), "shape/grid-sample"],
  [
    "a bicubic volume",
    () => gridSample(randomLeaf([1, 1, 2, 2, 2]), randomLeaf([1, 1, 1, 1, 3]), { mode: "bicubic" }),
    "argument/grid-sample",
  ],
  ["theta of another shape", () => affineGrid(randomLeaf([1, 3, 3]), [1, 1, 2, 2]), "shape/affine-grid"],
])("refuses %s", (_, call, name) => {
  expect(call).toThrow(expect.objectContaining({ code: name }));
});
