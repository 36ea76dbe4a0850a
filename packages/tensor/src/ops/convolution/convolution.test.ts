import { describe, expect, test } from "vitest";
import type { Tensor } from "../../tensor.ts";
import { expectClose, expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate } from "../../test/evaluate.ts";
import { conv2d } from "../library/conv2d.ts";
import { mul } from "../pointwise/arithmetic.ts";
import { sum } from "../reduce/sum.ts";
import { permute } from "../view/permute.ts";
import { unsqueeze } from "../view/squeeze.ts";
import { convTranspose1d, convTranspose2d, convTranspose3d } from "./conv-transpose.ts";
import { conv1d } from "./conv1d.ts";
import { conv3d } from "./conv3d.ts";
import { fold, unfold } from "./unfold.ts";

const none = randomLeaf([0]);
const code = (name: string) => expect.objectContaining({ code: name });
const total = (a: Tensor, b: Tensor): number => evaluate(sum(mul(a, b)))[0]?.[0] ?? Number.NaN;

describe("gradients, first and second", () => {
  test("conv1d, of a transposed input", () => {
    expectGradients(
      (x = none, w = none) => conv1d(permute(x, [0, 2, 1]), w, { stride: 2, padding: 1 }),
      [randomLeaf([2, 6, 2]), randomLeaf([3, 2, 3])],
    );
  });

  test("conv3d", () => {
    const inputs = [randomLeaf([1, 2, 3, 3, 3]), randomLeaf([2, 1, 2, 2, 2]), randomLeaf([2])];
    expectGradients((x = none, w = none, bias = none) => conv3d(x, w, { bias, groups: 2, padding: [1, 0, 0] }), inputs);
  });

  test("transposed ones", () => {
    const options = { stride: 2, outputPadding: 1, padding: 1 };
    expectGradients((x = none, w = none) => convTranspose1d(x, w, options), [randomLeaf([1, 2, 4]), randomLeaf([2, 3, 3])]);
    expectGradients((x = none, w = none) => convTranspose2d(x, w, options), [randomLeaf([1, 2, 2, 3]), randomLeaf([2, 1, 3, 3])]);
    expectGradients(
      (x = none, w = none) => convTranspose3d(x, w, { stride: 2 }),
      [randomLeaf([1, 1, 2, 2, 2]), randomLeaf([1, 2, 2, 1, 2])],
    );
  });

  test("unfold and fold", () => {
    expectGradients((x) => unfold(x, [2, 3], { padding: 1, stride: [1, 2] }), [randomLeaf([1, 2, 3, 4])]);
    expectGradients((x) => fold(x, [3, 4], 2), [randomLeaf([1, 8, 6])]);
  });
});

test("a transposed convolution is the transpose: <conv x, y> = <x, convT y>", () => {
  const [x, y, w] = [randomLeaf([2, 4, 7, 8]), randomLeaf([2, 6, 3, 4], 2), randomLeaf([6, 2, 3, 3], 3)];
  const options = { stride: 2, groups: 2, padding: [0, 1] } as const;
  const back = convTranspose2d(y, w, { ...options, outputPadding: [0, 1] });
  expect(total(conv2d(x, w, options), y)).toBeCloseTo(total(x, back), 9);
});

test("columns times a kernel are a convolution, and folding is the transpose of unfolding", () => {
  const [x, w] = [randomLeaf([1, 2, 5, 4]), randomLeaf([1, 2, 3, 2], 2)];
  const columns = unfold(x, [3, 2]);
  const [c = new Float64Array(), k = new Float64Array()] = evaluate(columns, w);
  const y = Array.from({ length: 9 }, (_, at) => k.reduce((sum, weight, i) => sum + weight * (c[i * 9 + at] ?? 0), 0));
  expectClose(evaluate(conv2d(x, w))[0], y);
  const other = randomLeaf(columns.shape, 3);
  expect(total(columns, other)).toBeCloseTo(total(x, fold(other, [5, 4], [3, 2])), 9);
});

test("a batch of none", () => {
  expect(conv1d(randomLeaf([0, 2, 5]), randomLeaf([3, 2, 3])).shape).toEqual([0, 3, 3]);
  expect(conv3d(randomLeaf([0, 2, 3, 3, 3]), randomLeaf([1, 2, 2, 2, 2])).shape).toEqual([0, 1, 2, 2, 2]);
  expect(convTranspose2d(randomLeaf([0, 2, 3, 3]), randomLeaf([2, 1, 2, 2])).shape).toEqual([0, 1, 4, 4]);
  expect(unfold(randomLeaf([0, 1, 3, 3]), 2).shape).toEqual([0, 4, 4]);
});

test.each<[string, () => unknown, string]>([
  ["conv1d of images", () => conv1d(randomLeaf([1, 1, 3, 3]), randomLeaf([1, 1, 3])), "shape/conv-rank"],
  ["conv1d of other channels", () => conv1d(randomLeaf([1, 2, 5]), randomLeaf([1, 3, 3])), "shape/conv-channels"],
  ["conv3d of images", () => conv3d(randomLeaf([1, 1, 3, 3]), randomLeaf([1, 1, 1, 1, 1])), "shape/conv-rank"],
  ["conv3d of other channels", () => conv3d(randomLeaf([1, 2, 3, 3, 3]), randomLeaf([1, 1, 1, 1, 1])), "shape/conv-channels"],
  ["conv3d of too few planes", () => conv3d(randomLeaf([1, 1, 1, 3, 3]), randomLeaf([1, 1, 2, 1, 1])), "shape/conv-too-small"],
  [
    "a pair for three axes",
    () => conv3d(randomLeaf([1, 1, 3, 3, 3]), randomLeaf([1, 1, 1, 1, 1]), { stride: [1, 2] }),
    "argument/per-axis",
  ],
  ["other channels, transposed", () => convTranspose1d(randomLeaf([1, 2, 3]), randomLeaf([3, 1, 2])), "shape/conv-transpose"],
  [
    "much output padding",
    () => convTranspose1d(randomLeaf([1, 1, 3]), randomLeaf([1, 1, 2]), { outputPadding: 1 }),
    "argument/output-padding",
  ],
  ["an output of nothing", () => convTranspose1d(randomLeaf([1, 1, 1]), randomLeaf([1, 1, 2]), { padding: 1 }), "shape/conv-too-small"],
  ["a window that does not fit", () => unfold(randomLeaf([1, 1, 2, 2]), 3), "shape/unfold"],
  ["columns of another image", () => fold(randomLeaf([1, 4, 5]), [3, 3], 2), "shape/fold"],
])("refuses %s", (_, call, name) => {
  expect(call).toThrow(code(name));
});

test("a line is an image of height 1", () => {
  const [x, w] = [randomLeaf([2, 3, 8]), randomLeaf([4, 3, 3], 2)];
  expectClose(
    evaluate(conv1d(x, w, { padding: "same" }))[0],
    evaluate(conv2d(unsqueeze(x, 2), unsqueeze(w, 2), { padding: "same" }))[0] ?? [],
  );
});
