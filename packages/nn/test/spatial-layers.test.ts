import {
  conv2d,
  conv3d,
  convTranspose1d,
  fromHost,
  grad,
  maxPool1dWithIndices,
  maxPool2dWithIndices,
  maxPool3dWithIndices,
  narrow,
  pad,
  reshape,
  select,
  squeeze,
  sum,
  type Tensor,
  unsqueeze,
} from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
  AvgPool1d,
  AvgPool3d,
  Bilinear,
  bind,
  ChannelShuffle,
  circularPadding,
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  DepthwiseConv2d,
  Fold,
  GlobalAvgPool,
  GlobalMaxPool,
  type Layer,
  LocallyConnected1d,
  LocallyConnected2d,
  LpPool1d,
  LpPool2d,
  LpPool3d,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  MaxUnpool1d,
  MaxUnpool2d,
  MaxUnpool3d,
  Pad,
  PixelShuffle,
  PixelUnshuffle,
  reflectPadding,
  replicatePadding,
  SeparableConv2d,
  Unfold,
  Upsample,
} from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { fill } from "./support/fill.ts";
import { onReference } from "./support/runtime.ts";

onReference();

type Pooled = (x: Tensor) => { readonly values: Tensor; readonly indices: Tensor };

const drawn = (shape: number[], stream = 1): Tensor => fromHost(shape, "float32", fill(stream, shape));

test.each<[string, Layer, number[], number[]]>([
  ["Conv1d", new Conv1d(2, 4, { kernel: 3, padding: "same", groups: 2 }), [3, 2, 7], [3, 4, 7]],
  ["Conv3d", new Conv3d(2, 3, { kernel: [1, 2, 3], stride: [1, 2, 1], padding: [0, 1, 1] }), [1, 2, 3, 4, 5], [1, 3, 3, 3, 5]],
  ["ConvTranspose1d", new ConvTranspose1d(2, 4, { kernel: 3, stride: 2, outputPadding: 1 }), [1, 2, 5], [1, 4, 12]],
  ["ConvTranspose2d", new ConvTranspose2d(4, 2, { kernel: 2, stride: 2, groups: 2 }), [1, 4, 3, 5], [1, 2, 6, 10]],
  ["ConvTranspose3d", new ConvTranspose3d(1, 2, { kernel: 2, bias: false }), [1, 1, 2, 2, 2], [1, 2, 3, 3, 3]],
  ["DepthwiseConv2d", new DepthwiseConv2d(3, { kernel: 3, multiplier: 2 }), [1, 3, 5, 5], [1, 6, 3, 3]],
  ["SeparableConv2d", new SeparableConv2d(3, 8, { kernel: 3, padding: 1 }), [1, 3, 5, 5], [1, 8, 5, 5]],
  ["LocallyConnected2d", new LocallyConnected2d(2, 3, [5, 6], { kernel: [3, 2], stride: 2 }), [2, 2, 5, 6], [2, 3, 2, 3]],
  ["LocallyConnected1d", new LocallyConnected1d(2, 3, 7, { kernel: 3, padding: 1, stride: 2 }), [2, 2, 7], [2, 3, 4]],
  ["MaxPool1d", new MaxPool1d(2), [1, 2, 7], [1, 2, 3]],
  ["MaxPool3d", new MaxPool3d(2, { ceilMode: true }), [1, 2, 3, 4, 5], [1, 2, 2, 2, 3]],
  ["AvgPool1d", new AvgPool1d(3, { stride: 1, padding: 1 }), [1, 2, 7], [1, 2, 7]],
  ["AvgPool3d", new AvgPool3d([1, 2, 2]), [1, 2, 3, 4, 4], [1, 2, 3, 2, 2]],
  ["LpPool1d", new LpPool1d(2, 2), [1, 2, 6], [1, 2, 3]],
  ["LpPool2d", new LpPool2d(3, [2, 3], { stride: 1 }), [1, 2, 6, 6], [1, 2, 5, 4]],
  ["LpPool3d", new LpPool3d(1, 2), [1, 2, 2, 4, 4], [1, 2, 1, 2, 2]],
  ["AdaptiveAvgPool1d", new AdaptiveAvgPool1d(3), [1, 2, 7], [1, 2, 3]],
  ["AdaptiveAvgPool2d", new AdaptiveAvgPool2d([3, 1]), [1, 2, 7, 6], [1, 2, 3, 1]],
  ["AdaptiveAvgPool3d", new AdaptiveAvgPool3d(2), [1, 2, 3, 4, 5], [1, 2, 2, 2, 2]],
  ["AdaptiveMaxPool1d", new AdaptiveMaxPool1d(3), [1, 2, 7], [1, 2, 3]],
  ["AdaptiveMaxPool2d", new AdaptiveMaxPool2d(2), [1, 2, 7, 6], [1, 2, 2, 2]],
  ["AdaptiveMaxPool3d", new AdaptiveMaxPool3d(2), [1, 2, 3, 4, 5], [1, 2, 2, 2, 2]],
  ["GlobalAvgPool", new GlobalAvgPool(), [2, 3, 4, 5], [2, 3, 1, 1]],
  ["GlobalMaxPool", new GlobalMaxPool(), [2, 3, 4], [2, 3, 1]],
  ["Upsample", new Upsample({ scaleFactor: 2, mode: "bilinear" }), [1, 2, 3, 4], [1, 2, 6, 8]],
  ["PixelShuffle", new PixelShuffle(2), [1, 8, 3, 3], [1, 2, 6, 6]],
  ["PixelUnshuffle", new PixelUnshuffle(3), [1, 1, 3, 6], [1, 9, 1, 2]],
  ["ChannelShuffle", new ChannelShuffle(2), [1, 4, 3], [1, 4, 3]],
  ["Pad", new Pad([[1, 2]], { mode: "circular" }), [2, 3], [2, 6]],
  ["Unfold", new Unfold(2), [1, 2, 3, 4], [1, 8, 6]],
  ["Fold", new Fold([3, 4], 2), [1, 8, 6], [1, 2, 3, 4]],
])("%s", async (_, layer, from, to) => {
  const y = layer.forward(drawn(from));
  expect(y.shape).toEqual(to);
  expect((await y.data()).every(Number.isFinite)).toBe(true);
  // Every input that is read has a gradient, and every parameter too.
  const parameters = [...layer.parameters()];
  const [dx] = grad((x = drawn(from)) => sum(layer.forward(x)))(drawn(from));
  expect(dx?.shape).toEqual(from);
  expect(parameters.every(([path]) => /^((depthwise|pointwise)\.)?(weight|bias)$/.test(path))).toBe(true);
});

describe("padding modes", () => {
  test.each([
    ["reflect", reflectPadding],
    ["replicate", replicatePadding],
    ["circular", circularPadding],
  ] as const)("%s is what pad puts there", async (mode, paddingMode) => {
    const x = drawn([1, 2, 5, 4]);
    const plain = bind(new Conv2d(2, 3, { kernel: 3 }));
    const layer = bind(new Conv2d(2, 3, { kernel: 3, padding: [2, 1], paddingMode }));
    layer.loadStateDict(await plain.stateDict());
    const around = pad(
      x,
      [
        [2, 2],
        [1, 1],
      ],
      { mode },
    );
    expectClose(await layer.forward(x).data(), [...(await plain.forward(around).data())], 1e-6);
    expect(new Conv1d(1, 1, { kernel: 4, padding: "same", paddingMode }).forward(drawn([1, 1, 6])).shape).toEqual([1, 1, 6]);
    expect(new Conv3d(1, 1, { kernel: 2, padding: "same", paddingMode }).forward(drawn([1, 1, 3, 3, 3])).shape).toEqual([1, 1, 3, 3, 3]);
    expect(new Conv3d(1, 1, { kernel: 2, padding: "valid", paddingMode }).forward(drawn([1, 1, 3, 3, 3])).shape).toEqual([1, 1, 2, 2, 2]);
  });
});

test("a locally connected layer has a kernel of its own at every place", async () => {
  const layer = bind(new LocallyConnected2d(2, 3, [4, 3], { kernel: 2, padding: 1, stride: 2 }));
  const x = drawn([2, 2, 4, 3]);
  const [got, weight] = [await layer.forward(x).data(), layer.weight];
  const around = pad(x, [
    [1, 1],
    [1, 1],
  ]);
  for (let place = 0; place < 6; place++) {
    const [row, column] = [Math.floor(place / 2), place % 2];
    const window = narrow(narrow(around, 2, 2 * row, 2), 3, 2 * column, 2);
    const kernel = reshape(select(weight, 0, place), [3, 2, 2, 2]);
    const want = await squeeze(conv2d(window, kernel)).data();
    const bias = await layer.bias?.data();
    for (let i = 0; i < 6; i++) expect(got[i * 6 + place]).toBeCloseTo((want[i] ?? 0) + (bias?.[(i % 3) * 6 + place] ?? 0), 5);
  }
});

test("layers compute what their functions do", async () => {
  const volume = bind(new Conv3d(2, 2, { kernel: 2, stride: 2 }));
  const x = drawn([1, 2, 4, 4, 4]);
  const { weight, bias } = volume;
  expectClose(await volume.forward(x).data(), [...(await conv3d(x, weight, { bias, stride: 2 }).data())], 1e-6);
  const line = bind(new ConvTranspose1d(2, 2, { kernel: 3, stride: 2 }));
  const y = drawn([1, 2, 3]);
  expectClose(await line.forward(y).data(), [...(await convTranspose1d(y, line.weight, { bias: line.bias, stride: 2 }).data())], 1e-6);
});

test("unpooling puts the largest back", async () => {
  const x = drawn([1, 1, 6]);
  const { values, indices } = maxPool1dWithIndices(x, 2);
  const back = [...(await new MaxUnpool1d(2).forward(values, indices).data())];
  const given = [...(await x.data())];
  expect(back).toEqual(given.map((v, i) => (v > (given[i ^ 1] ?? 0) ? v : 0)));
});

test.each<[string, Layer, MaxUnpool2d | MaxUnpool3d, number[], Pooled]>([
  ["2-D", new MaxPool2d(2), new MaxUnpool2d(2), [2, 3, 4, 6], (x) => maxPool2dWithIndices(x, 2)],
  ["3-D", new MaxPool3d(2), new MaxUnpool3d(2), [1, 2, 4, 2, 6], (x) => maxPool3dWithIndices(x, 2)],
])("unpooling in %s keeps what pooling finds, and zeros", async (_, pool, unpool, shape, pooled) => {
  const x = drawn(shape);
  const { values, indices } = pooled(x);
  const back = unpool.forward(values, indices);
  expect(back.shape).toEqual(shape);
  const [largest, given] = [[...(await values.data())], [...(await x.data())]];
  expect([...(await pool.forward(x).data())]).toEqual(largest);
  expect([...(await back.data())]).toEqual(given.map((value) => (largest.includes(value) ? value : 0)));
});

test("a bilinear form is linear in both", async () => {
  const layer = bind(new Bilinear(3, 4, 2, { bias: false }));
  const [a, b] = [drawn([5, 3]), drawn([5, 4], 2)];
  const w = [...(await layer.weight.data())];
  const [p, q] = [[...(await a.data())], [...(await b.data())]];
  const want = Array.from({ length: 10 }, (_, at) => {
    let total = 0;
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 4; j++)
        total += (p[Math.floor(at / 2) * 3 + i] ?? 0) * (w[((at % 2) * 3 + i) * 4 + j] ?? 0) * (q[Math.floor(at / 2) * 4 + j] ?? 0);
    return total;
  });
  expectClose(await layer.forward(a, b).data(), want, 1e-5);
});

test("what does not fit is named", () => {
  expect(() => new Conv1d(3, 4, { kernel: 3, groups: 2 })).toThrow(expect.objectContaining({ code: "argument/groups" }));
  expect(() => new Conv3d(2, 2, { kernel: [2, 2] })).toThrow(expect.objectContaining({ code: "argument/per-axis" }));
  expect(() => new LocallyConnected2d(1, 1, [2, 2], { kernel: 3 })).toThrow(expect.objectContaining({ code: "argument/kernel" }));
  expect(new Conv1d(2, 2, { kernel: 1 }).diagnose(drawn([1, 3, 4]))).toBe("expects 2 input channels but receives 3");
  expect(new Conv3d(2, 2, { kernel: 1 }).diagnose(unsqueeze(drawn([3, 4]), 0))).toMatch(/^expects \[n, 2, \.\.\.\]/);
  expect(new LocallyConnected2d(1, 1, [3, 3], { kernel: 3 }).diagnose(drawn([1, 1, 3, 4]))).toMatch(/^expects images \[n, 1, 3, 3\]/);
});

test("a summary counts their work", () => {
  const { multiplyAccumulates } = new ConvTranspose2d(2, 3, { kernel: 2, stride: 2 }).facts([1, 2, 4, 4], [1, 3, 8, 8]);
  expect(multiplyAccumulates).toBe(4 * 4 * 2 * 3 * 4);
  expect(new Conv1d(2, 3, { kernel: 5 }).facts([1, 2, 9], [1, 3, 5]).multiplyAccumulates).toBe(5 * 3 * 2 * 5);
});
