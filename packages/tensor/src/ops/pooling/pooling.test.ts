import { describe, expect, test } from "vitest";
import { expectClose, expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { permute } from "../view/permute.ts";
import { adaptiveAvgPool2d, adaptiveMaxPool1d, adaptiveMaxPool2d, globalAvgPool, globalMaxPool } from "./adaptive.ts";
import { avgPool1d, avgPool3d } from "./avg-pool.ts";
import { lpPool1d, lpPool2d, lpPool3d } from "./lp-pool.ts";
import { maxPool1d, maxPool1dWithIndices, maxPool3d, maxPool3dWithIndices } from "./max-pool.ts";
import { maxPool2dWithIndices } from "./max-pool2d.ts";
import { maxUnpool1d, maxUnpool2d } from "./unpool.ts";

const code = (name: string) => expect.objectContaining({ code: name });

describe("gradients", () => {
  test("of windows in one and three axes", () => {
    expectGradients((x) => maxPool1d(permute(x, [0, 2, 1]), 3, { stride: 2, padding: 1 }), [randomLeaf([1, 7, 2])], { second: false });
    expectGradients((x) => maxPool3d(x, 2, { stride: 1 }), [randomLeaf([1, 1, 3, 3, 3])], { second: false });
    expectGradients((x) => avgPool1d(x, 2, { padding: 1, countIncludePad: false }), [randomLeaf([1, 2, 5])]);
    expectGradients((x) => avgPool3d(x, 2, { ceilMode: true }), [randomLeaf([1, 1, 3, 3, 3])]);
    expectGradients((x) => lpPool2d(x, 3, 2), [randomLeaf([1, 1, 4, 4])], { second: false });
  });

  test("of windows chosen for the size", () => {
    expectGradients((x) => adaptiveAvgPool2d(x, [3, 2]), [randomLeaf([1, 2, 5, 4])]);
    expectGradients((x) => adaptiveMaxPool2d(x, [2, 3]).values, [randomLeaf([1, 1, 5, 4])], { second: false });
    expectGradients((x) => globalMaxPool(x), [randomLeaf([2, 2, 5])], { second: false });
  });

  test("of unpooling", () => {
    const { indices } = maxPool2dWithIndices(randomLeaf([1, 2, 4, 4], 5), 2);
    expectGradients((x) => maxUnpool2d(x, indices, 2), [randomLeaf([1, 2, 2, 2])]);
  });
});

test("of equal values the first in the row-major order wins, in planes, volumes and chosen windows", () => {
  const flat = leaf({ shape: [1, 1, 2, 2, 2], dtype: "float32" }, [0, 1, 1, 0, 1, 1, 1, 1]);
  expect(evaluate(maxPool3dWithIndices(flat, 2).indices)[0]).toEqual(Float64Array.of(1));
  const corner = leaf({ shape: [1, 1, 2, 2], dtype: "float32" }, [0, 1, 1, 0]);
  expect(evaluate(adaptiveMaxPool2d(corner, 1).indices)[0]).toEqual(Float64Array.of(1));
});

test("a norm of order 1 sums, and a window of zeros has no slope", () => {
  const x = leaf({ shape: [1, 1, 4], dtype: "float32" }, [1, -2, 0, 0]);
  expectClose(evaluate(lpPool1d(x, 1, 2))[0], [3, 0]);
  expectClose(evaluate(lpPool1d(x, 2, 2))[0], [Math.sqrt(5), 0]);
});

test("sizes of zero", () => {
  expect(maxPool1d(randomLeaf([0, 2, 4]), 2).shape).toEqual([0, 2, 2]);
  expect(maxPool3dWithIndices(randomLeaf([2, 0, 2, 2, 2]), 2).indices.shape).toEqual([2, 0, 1, 1, 1]);
  expect(adaptiveAvgPool2d(randomLeaf([0, 1, 5, 5]), 2).shape).toEqual([0, 1, 2, 2]);
  expect(adaptiveMaxPool1d(randomLeaf([0, 1, 5]), 2).values.shape).toEqual([0, 1, 2]);
  expect(globalAvgPool(randomLeaf([0, 3, 4, 4])).shape).toEqual([0, 3, 1, 1]);
});

test.each<[string, () => unknown, string]>([
  ["lines that are images", () => maxPool1d(randomLeaf([1, 1, 4, 4]), 2), "shape/pool-rank"],
  ["lines that are images, with indices", () => maxPool1dWithIndices(randomLeaf([1, 1, 4, 4]), 2), "shape/pool-rank"],
  ["images that are lines, with indices", () => maxPool2dWithIndices(randomLeaf([1, 1, 4]), 2), "shape/pool-rank"],
  ["volumes that are images", () => avgPool3d(randomLeaf([1, 1, 4, 4]), 2), "shape/pool-rank"],
  ["a window that does not fit", () => maxPool3d(randomLeaf([1, 1, 1, 4, 4]), 2), "shape/pool-too-small"],
  ["much padding", () => avgPool1d(randomLeaf([1, 1, 4]), 2, { padding: 2 }), "shape/pool-attributes"],
  ["two sizes for a line", () => maxPool1d(randomLeaf([1, 1, 4]), [2, 2]), "argument/per-axis"],
  ["a norm of order 0", () => lpPool3d(randomLeaf([1, 1, 2, 2, 2]), 0, 2), "argument/norm"],
  ["no elements to choose from", () => adaptiveMaxPool1d(randomLeaf([1, 1, 0]), 1), "shape/adaptive-pool"],
  ["a size of 0", () => adaptiveAvgPool2d(randomLeaf([1, 1, 3, 3]), [0, 1]), "shape/adaptive-pool"],
  ["indices of another shape", () => maxUnpool1d(randomLeaf([1, 1, 2]), randomLeaf([1, 1, 3]), 2), "shape/unpool"],
  ["indices that are not integers", () => maxUnpool1d(randomLeaf([1, 1, 2]), randomLeaf([1, 1, 2]), 2), "dtype/index"],
])("refuses %s", (_, call, name) => {
  expect(call).toThrow(code(name));
});
