import { describe, expect, it } from "vitest";
import { blockedShapes, conv, everyProduct, largePlane, shapes } from "./conv2d-reference.test.harness.ts";
import { conv2dKernels } from "./conv2d.ts";
import { describe as nameOf } from "./conv2d-shape.ts";
import { biasRelu, biasReluOf, expectKernels, levels, randomFloats } from "./run-kernels.test.harness.ts";

describe.each(levels)("conv2d on %s", (level) => {
  it.each([...shapes, ...blockedShapes, largePlane].map((shape) => ({ name: nameOf(shape), shape })))("$name", ({ shape }) => {
    const { n, c, h, w, o, kh, kw, groups, oh, ow } = shape;
    const x = randomFloats(n * c * h * w, 1);
    const weights = randomFloats((o * c * kh * kw) / groups, 2);
    const bias = randomFloats(o, 3);
    const expected = new Float64Array(n * o * oh * ow);
    everyProduct(shape, (out, input, weight) => {
      expected[out] = (expected[out] ?? 0) + (x[input] ?? NaN) * (weights[weight] ?? NaN);
    });
    expectKernels(conv2dKernels(shape, null), [x, weights], expected, level);
    const pixels = oh * ow;
    const finished = expected.map((value, i) =>
      biasReluOf(value, bias[Math.floor(i / pixels) % o] ?? NaN, Math.floor(i / (pixels * o)), i % pixels),
    );
    expectKernels(conv2dKernels(shape, biasRelu(1)), [x, weights, bias], finished, level);
  });

  it("sums nothing to zero", () => {
    const shape = conv([1, 0, 4, 4], 3, [3, 3]);
    expectKernels(conv2dKernels(shape, null), [new Float32Array(0), new Float32Array(0)], new Float64Array(12), level);
  });
});

it("has nothing to do for an empty result", () => {
  expect(conv2dKernels(conv([0, 2, 4, 4], 3, [3, 3]), null)).toEqual([]);
  expect(conv2dKernels(conv([1, 2, 4, 4], 0, [3, 3]), null)).toEqual([]);
});
