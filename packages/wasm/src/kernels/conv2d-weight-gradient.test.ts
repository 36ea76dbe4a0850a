import { describe, expect, it } from "vitest";
import { blockedShapes, conv, everyProduct, pad, shapes, stride } from "./conv2d-reference.test.harness.ts";
import { conv2dWeightGradKernels } from "./conv2d-weight-gradient.ts";
import { describe as nameOf } from "./conv2d-shape.ts";
import { expectKernels, levels, randomFloats } from "./run-kernels.test.harness.ts";

const more = [
  conv([2, 2, 70, 66], 3, [3, 3], pad(1)),
  conv([40, 3, 12, 12], 5, [5, 5]),
  // Depthwise: several channels of several images in a tile.
  conv([3, 19, 7, 10], 19, [3, 3], { ...pad(1), ...stride(2), groups: 19 }),
  conv([2, 21, 9, 9], 21, [3, 3], { ...pad(1), groups: 21 }),
  // Products of matrices: odd sizes, sums in several parts, rows 4 KiB apart.
  conv([3, 41, 5, 7], 205, [1, 1]),
  conv([2, 9, 23, 30], 913, [1, 1]),
  conv([2, 66, 32, 32], 126, [1, 1]),
  conv([1, 91, 1, 1], 91, [1, 1]),
];

describe.each(levels)("conv2d weight gradient on %s", (level) => {
  it.each([...shapes, ...blockedShapes, ...more].map((shape) => ({ name: nameOf(shape), shape })))("$name", ({ shape }) => {
    const { n, c, h, w, o, kh, kw, groups, oh, ow } = shape;
    const x = randomFloats(n * c * h * w, 1);
    const ct = randomFloats(n * o * oh * ow, 2);
    const expected = new Float64Array((o * c * kh * kw) / groups);
    everyProduct(shape, (output, input, weight) => {
      expected[weight] = (expected[weight] ?? 0) + (x[input] ?? NaN) * (ct[output] ?? NaN);
    });
    expectKernels(conv2dWeightGradKernels(shape), [x, ct], expected, level);
  });

  it("is zero for an empty batch", () => {
    expectKernels(
      conv2dWeightGradKernels(conv([0, 2, 6, 6], 3, [3, 3], pad(1))),
      [new Float32Array(0), new Float32Array(0)],
      new Float64Array(54),
      level,
    );
  });
});

it("has nothing to do without weights", () => {
  expect(conv2dWeightGradKernels(conv([1, 2, 4, 4], 0, [3, 3]))).toEqual([]);
});
