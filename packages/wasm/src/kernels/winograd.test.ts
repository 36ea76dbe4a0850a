import { describe, expect, it } from "vitest";
import { conv, everyProduct, pad } from "./conv2d-reference.test.harness.ts";
import { conv2dInputGradKernels } from "./conv2d-input-gradient.ts";
import type { Conv2dShape } from "./conv2d-shape.ts";
import { describe as nameOf } from "./conv2d-shape.ts";
import { conv2dWeightGradKernels } from "./conv2d-weight-gradient.ts";
import { conv2dKernels } from "./conv2d.ts";
import { winogradPays } from "./convolution-algorithm.ts";
import { biasRelu, biasReluOf, expectKernels, randomFloats, runKernels } from "./run-kernels.test.harness.ts";
import { winogradConvolution } from "./winograd.ts";
import { transposes, winogradTransposed } from "./winograd-transposed.ts";
import { winogradWeightGradient } from "./winograd-weight-gradient.ts";

const shapes = [
  conv([1, 4, 8, 8], 6, [3, 3], pad(1)),
  conv([2, 5, 7, 7], 7, [3, 3], pad(1)),
  conv([1, 16, 14, 14], 20, [3, 3], pad(1)),
  conv([3, 6, 10, 6], 13, [3, 3]),
  conv([1, 3, 9, 31], 30, [3, 3], { padTop: 2, padRight: 1 }),
  conv([1, 2, 1, 1], 3, [3, 3], pad(1)),
  conv([9, 70, 12, 12], 130, [3, 3], pad(1)),
  conv([2, 5, 7, 7], 7, [5, 5], pad(2)),
  conv([3, 20, 12, 12], 50, [5, 5]),
  conv([5, 9, 8, 9], 4, [5, 5], { padLeft: 1, padBottom: 2 }),
  conv([1, 3, 9, 30], 9, [5, 5], { padTop: 3, padRight: 1 }),
  // More tiles than a part of the weight gradient sums at once.
  conv([150, 130, 1, 2], 130, [3, 3], pad(1)),
];

/** A convolution with both gradients, summed in float64. */
function expected(shape: Conv2dShape, x: Float32Array, weights: Float32Array, ct: Float32Array) {
  const [y, dx, dw] = [new Float64Array(ct.length), new Float64Array(x.length), new Float64Array(weights.length)];
  everyProduct(shape, (output, input, weight) => {
    y[output] = (y[output] ?? 0) + (x[input] ?? NaN) * (weights[weight] ?? NaN);
    dx[input] = (dx[input] ?? 0) + (ct[output] ?? NaN) * (weights[weight] ?? NaN);
    dw[weight] = (dw[weight] ?? 0) + (ct[output] ?? NaN) * (x[input] ?? NaN);
  });
  return { y, dx, dw };
}

describe.each(["relaxed", "simd"] as const)("Winograd's convolutions on %s", (level) => {
  it.each(shapes.map((shape) => ({ name: nameOf(shape), shape })))("$name", ({ shape }) => {
    const { n, c, h, w, o, kh, kw, oh, ow } = shape;
    const x = randomFloats(n * c * h * w, 1);
    const weights = randomFloats(o * c * kh * kw, 2);
    const bias = randomFloats(Math.max(o, c), 3);
    const ct = randomFloats(n * o * oh * ow, 4);
    const { y, dx, dw } = expected(shape, x, weights, ct);
    const places = { image: { buffer: 0 }, weights: { buffer: 1 } };
    expectKernels(winogradConvolution(shape, null, { ...places, buffers: 3, backward: false }), [x, weights], y, level);
    const pixels = oh * ow;
    const finished = y.map((value, i) =>
      biasReluOf(value, bias[Math.floor(i / pixels) % o] ?? NaN, Math.floor(i / (pixels * o)), i % pixels),
    );
    expectKernels(
      winogradConvolution(shape, biasRelu(1), { ...places, buffers: 4, backward: false }),
      [x, weights, bias.subarray(0, o)],
      finished,
      level,
    );
    const backward = { ...shape, c: o, h: oh, w: ow, o: c, oh: h, ow: w, padTop: kh - 1 - shape.padTop, padLeft: kw - 1 - shape.padLeft };
    expectKernels(winogradConvolution(backward, null, { ...places, buffers: 3, backward: true }), [ct, weights], dx, level);
    if (transposes(shape)) {
      expectKernels(winogradTransposed(shape, null), [ct, weights], dx, level);
      const planes = h * w;
      const done = dx.map((value, i) =>
        biasReluOf(value, bias[Math.floor(i / planes) % c] ?? NaN, Math.floor(i / (planes * c)), i % planes),
      );
      expectKernels(winogradTransposed(shape, biasRelu(1)), [ct, weights, bias.subarray(0, c)], done, level);
    }
    expectKernels(winogradWeightGradient(shape), [x, ct], dw, level);
  });

  it.each([
    { size: 3, shape: conv([2, 512, 7, 7], 12, [3, 3], pad(1)) },
    { size: 5, shape: conv([2, 200, 8, 8], 12, [5, 5], pad(2)) },
  ])("keeps within 2e-5 of the outputs' root mean square for $size x $size windows over many channels", ({ shape }) => {
    const { n, c, h, w, o, kh, kw, oh, ow } = shape;
    const x = randomFloats(n * c * h * w, 1);
    const weights = randomFloats(o * c * kh * kw, 2);
    const { y } = expected(shape, x, weights, new Float32Array(n * o * oh * ow));
    const places = { image: { buffer: 0 }, weights: { buffer: 1 }, backward: false, buffers: 3 };
    const error = (result: Float32Array) => {
      const rms = Math.sqrt(y.reduce((sum, value) => sum + value * value, 0) / y.length);
      return result.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] ?? NaN))), 0) / rms;
    };
    expect(error(runKernels(winogradConvolution(shape, null, places), [x, weights], y.length, level, 1))).toBeLessThan(2e-5);
    expect(error(runKernels(conv2dKernels(shape, null), [x, weights], y.length, level, 1))).toBeLessThan(1e-5);
  });
});

describe("work for several threads", () => {
  it.each([conv([1, 16, 32, 32], 16, [3, 3], pad(1)), conv([1, 64, 8, 8], 64, [3, 3], pad(1)), conv([2, 64, 28, 28], 70, [3, 3], pad(1))])(
    "is cut finer, to the same bits",
    (shape) => {
      const { n, c, h, w, o, oh, ow } = shape;
      const inputs = [randomFloats(n * c * h * w, 1), randomFloats(o * c * 9, 2)];
      const places = { image: { buffer: 0 }, weights: { buffer: 1 }, backward: false, buffers: 3 };
      const [one, four] = [1, 4].map((threads) => winogradConvolution(shape, null, places, threads));
      expect(Math.max(...(four ?? []).map(({ tiles }) => tiles))).toBeGreaterThanOrEqual(3);
      expect(runKernels(four ?? [], inputs, n * o * oh * ow, "relaxed", 1)).toEqual(
        runKernels(one ?? [], inputs, n * o * oh * ow, "relaxed", 1),
      );
    },
  );
});

describe("the choice of algorithm", () => {
  const block = conv([8, 64, 56, 56], 64, [3, 3], pad(1));
  const names = (shape: Conv2dShape, algorithm: "fastest" | "direct") =>
    [
      conv2dKernels(shape, null, { algorithm, threads: 1 }),
      conv2dInputGradKernels(shape, null, { algorithm, threads: 1 }),
      conv2dWeightGradKernels(shape, { algorithm, threads: 1 }),
    ].map((kernels) => kernels.some(({ name }) => name.includes("winograd")));

  it("takes transforms for 3 x 3 windows over many channels, in all three passes", () =>
    expect(names(block, "fastest")).toEqual([true, true, true]));

  it("sums every product when told to", () => expect(names(block, "direct")).toEqual([false, false, false]));

  it.each([
    ["few channels", conv([8, 3, 56, 56], 4, [3, 3], pad(1))],
    ["windows of another size", conv([8, 64, 56, 56], 64, [7, 7], pad(3))],
    ["strides", conv([8, 64, 56, 56], 64, [3, 3], { ...pad(1), strideH: 2 })],
    ["dilation", conv([8, 64, 56, 56], 64, [3, 3], { ...pad(1), dilationW: 2 })],
    ["groups", conv([8, 64, 56, 56], 64, [3, 3], { ...pad(1), groups: 2 })],
    ["less than half a panel of tiles", conv([3, 512, 4, 4], 512, [3, 3], pad(1))],
  ])("sums every product for %s", (_, shape) => expect(winogradPays("fastest", shape)).toBe(false));
});
