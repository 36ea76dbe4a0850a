import { describe, expect, it } from "vitest";
import { blockedShapes, conv, everyProduct, largePlane, pad, shapes, stride } from "./conv2d-reference.test.harness.ts";
import { conv2dInputGradKernels } from "./conv2d-input-gradient.ts";
import { describe as nameOf } from "./conv2d-shape.ts";
import { biasRelu, biasReluOf, expectKernels, levels, randomFloats } from "./run-kernels.test.harness.ts";

const more = [
  largePlane,
  conv([1, 4, 20, 20], 6, [3, 3], pad(3)),
  conv([2, 6, 13, 30], 8, [2, 2], stride(2)),
  conv([1, 3, 10, 10], 4, [2, 2], stride(3)),
];

describe.each(levels)("conv2d input gradient on %s", (level) => {
  it.each([...shapes, ...blockedShapes, ...more].map((shape) => ({ name: nameOf(shape), shape })))("$name", ({ shape }) => {
    const { n, c, h, w, o, kh, kw, groups, oh, ow } = shape;
    const ct = randomFloats(n * o * oh * ow, 1);
    const weights = randomFloats((o * c * kh * kw) / groups, 2);
    const bias = randomFloats(c, 3);
    const expected = new Float64Array(n * c * h * w);
    everyProduct(shape, (output, input, weight) => {
      expected[input] = (expected[input] ?? 0) + (ct[output] ?? NaN) * (weights[weight] ?? NaN);
    });
    expectKernels(conv2dInputGradKernels(shape, null), [ct, weights], expected, level);
    const finished = expected.map((value, i) =>
      biasReluOf(value, bias[Math.floor(i / (h * w)) % c] ?? NaN, Math.floor(i / (h * w * c)), i % (h * w)),
    );
    expectKernels(conv2dInputGradKernels(shape, biasRelu(1)), [ct, weights, bias], finished, level);
  });

  it("is zero without outputs", () => {
    expectKernels(
      conv2dInputGradKernels(conv([1, 2, 4, 4], 0, [3, 3]), null),
      [new Float32Array(0), new Float32Array(0)],
      new Float64Array(32),
      level,
    );
  });
});

it("has nothing to do for an empty input", () => {
  expect(conv2dInputGradKernels(conv([0, 2, 4, 4], 3, [3, 3]), null)).toEqual([]);
});
