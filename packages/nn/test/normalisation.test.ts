import { compile } from "@gradus/compile";
import { fromHost, grad, mul, sum, type Tensor, tensor, zeros } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  bind,
  Conv2d,
  EVAL,
  GroupNorm,
  InstanceNorm,
  type Layer,
  LayerNorm,
  Linear,
  LocalResponseNorm,
  RMSNorm,
  Sequential,
  summary,
  TRAIN,
  WeightNorm,
} from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { fill } from "./support/fill.ts";
import { onReference } from "./support/runtime.ts";

onReference();

const values = (shape: number[], stream = 1): Tensor => fromHost(shape, "float32", fill(stream, shape));

describe("BatchNorm", () => {
  const first = tensor([[1], [3]]);
  const second = tensor([[5], [13]]);

  test("follows the batches with momentum, the variance unbiased", async () => {
    const layer = new BatchNorm1d(1);
    const step = compile((x: Tensor) => layer.forward(x, TRAIN));
    for (const x of [first, second]) await step(x).data();
    // Means 2 and 9, unbiased variances 2 and 32.
    expectClose((await layer.running_mean?.data()) ?? [], [0.9 * 0.2 + 0.9], 1e-6);
    expectClose((await layer.running_var?.data()) ?? [], [0.9 * (0.9 + 0.2) + 3.2], 1e-6);
    expect(await layer.num_batches_tracked?.item()).toBe(2);
  });

  test("with momentum null keeps the plain mean of all batches", async () => {
    const layer = new BatchNorm1d(1, { momentum: null });
    for (const x of [first, second]) await layer.forward(x, TRAIN).data();
    expectClose((await layer.running_mean?.data()) ?? [], [5.5], 1e-6);
    expectClose((await layer.running_var?.data()) ?? [], [17], 1e-6);
  });

  test("standardises by the batch in training and by running statistics in evaluation, which change nothing", async () => {
    const layer = new BatchNorm1d(1, { epsilon: 0 });
    expectClose(await layer.forward(first, TRAIN).data(), [-1, 1], 1e-6);
    const before = await layer.stateDict();
    const scale = 1 / Math.sqrt(1.1);
    expectClose(await layer.forward(second, EVAL).data(), [4.8 * scale, 12.8 * scale], 1e-6);
    expect(await layer.stateDict()).toEqual(before);
  });

  test("without running statistics always standardises by the batch", async () => {
    const layer = new BatchNorm1d(1, { trackRunningStats: false, affine: false, epsilon: 0 });
    expect([...layer.walk()].length).toBe(1);
    expectClose(await layer.forward(second).data(), [-1, 1], 1e-6);
  });

  test("has torchvision's names, and buffers that are no parameters", () => {
    const net = new Sequential(new Conv2d(3, 4, { kernel: 3, bias: false }), new BatchNorm2d(4));
    expect([...net.parameters()].map(([path]) => path)).toEqual(["0.weight", "1.weight", "1.bias"]);
    expect([...net.buffers()].map(([path]) => path)).toEqual(["1.running_mean", "1.running_var", "1.num_batches_tracked"]);
  });

  test("no gradient flows through running statistics", async () => {
    const layer = new BatchNorm1d(1);
    const [dx] = grad((x) => {
      layer.forward(x, TRAIN);
      return sum(mul(layer.running_mean?.value() ?? x, 3));
    })(first);
    expect([...((await dx?.data()) ?? [])]).toEqual([0, 0]);
  });

  test("one value for each channel is refused in training, and only there", () => {
    const net = bind(new Sequential(new Linear(2, 3), new BatchNorm1d(3)));
    expect(net.forward(zeros([1, 2])).shape).toEqual([1, 3]);
    expect(net.forward(zeros([2, 2]), TRAIN).shape).toEqual([2, 3]);
    expect(() => net.forward(zeros([1, 2]), TRAIN)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: BatchNorm1d: a batch of [1, 3] has one value for each channel, which has no variance
        x: float32[1, 3]
        hint: train with larger batches (lastBatch "drop" or "spread" where only the last is so small), evaluate with EVAL, or use GroupNorm or LayerNorm
        in Sequential[1] (BatchNorm1d)
        code: batch-norm/one-value]
    `);
    expect(new BatchNorm1d(3).forward(zeros([1, 3, 2]), TRAIN).shape).toEqual([1, 3, 2]);
  });

  test("refuses other ranks, channels and momenta", () => {
    expect(() => new Sequential(new BatchNorm2d(3)).forward(zeros([2, 3]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: BatchNorm2d: expects [n, channels, h, w], not [2, 3]
        x: float32[2, 3]
        in Sequential[0] (BatchNorm2d)
        code: shape/normalisation]
    `);
    expect(() => new Sequential(new BatchNorm2d(3)).forward(zeros([2, 4, 5, 5]))).toThrow("hint: 0 expects 3 channels but receives 4");
    expect(() => new BatchNorm3d(3).forward(zeros([2, 3, 5, 5]))).toThrow("expects [n, channels, d, h, w]");
    expect(() => new BatchNorm1d(3, { momentum: 2 })).toThrow(expect.objectContaining({ code: "argument/momentum" }));
  });
});

test("layers without running statistics standardise in training and evaluation alike", async () => {
  const x = values([2, 6, 3, 3]);
  for (const layer of [
    new GroupNorm(3, 6),
    new InstanceNorm(6),
    new LayerNorm([6, 3, 3]),
    new RMSNorm(3),
    new LocalResponseNorm(5),
  ] as Layer[]) {
    expect(await layer.forward(x, TRAIN).data()).toEqual(await layer.forward(x, EVAL).data());
  }
  const [mean = 1] = await sum(new LayerNorm([6, 3, 3]).forward(x)).data();
  expect(Math.abs(mean)).toBeLessThan(1e-4);
});

test("parameters are where they are asked for", () => {
  const names = (layer: Layer): string[] => [...layer.parameters()].map(([path]) => path);
  expect(names(new LayerNorm(4))).toEqual(["weight", "bias"]);
  expect(names(new LayerNorm(4, { bias: false }))).toEqual(["weight"]);
  expect(names(new LayerNorm(4, { affine: false }))).toEqual([]);
  expect(names(new RMSNorm(4))).toEqual(["weight"]);
  expect(names(new GroupNorm(2, 4))).toEqual(["weight", "bias"]);
  expect(names(new InstanceNorm(4))).toEqual([]);
  expect(names(new InstanceNorm(4, { affine: true }))).toEqual(["weight", "bias"]);
});

test("normalisations refuse shapes that do not fit", () => {
  const code = "shape/normalisation";
  expect(() => new LayerNorm(4).forward(zeros([2, 5]))).toThrow(expect.objectContaining({ code }));
  expect(() => new LayerNorm([2, 4]).forward(zeros([4]))).toThrow("[4] does not end with [2, 4]");
  expect(() => new InstanceNorm(3).forward(zeros([2, 3]))).toThrow("needs [n, channels, places, ...], not [2, 3]");
  expect(() => new GroupNorm(2, 4).forward(zeros([2, 6]))).toThrow("weight has 4 values, and the input 6 channels");
  expect(() => new LocalResponseNorm(5).forward(zeros([2]))).toThrow(expect.objectContaining({ code }));
  expect(() => new GroupNorm(3, 4)).toThrow(expect.objectContaining({ code: "argument/groups" }));
  expect(() => new LayerNorm(4, { epsilon: -1 }).forward(zeros([4]))).toThrow(expect.objectContaining({ code: "argument/epsilon" }));
  expect(() => new LocalResponseNorm(0).forward(zeros([2, 2]))).toThrow(expect.objectContaining({ code: "argument/window" }));
});

describe("WeightNorm", () => {
  test("computes at first what the layer alone would, and has PyTorch's names", async () => {
    const x = values([2, 3, 5, 5]);
    const [plain, normed] = [new Conv2d(3, 4, { kernel: 3 }), new WeightNorm(new Conv2d(3, 4, { kernel: 3 }))];
    expect([...normed.parameters()].map(([path]) => path).toSorted()).toEqual(["bias", "weight_g", "weight_v"]);
    expect(normed.weight_g.shape).toEqual([4, 1, 1, 1]);
    const state = await normed.stateDict();
    plain.loadStateDict(
      new Map([...state].flatMap(([path, entry]) => (path === "weight_g" ? [] : [[path.replace("_v", ""), entry] as const]))),
    );
    expectClose(await normed.forward(x).data(), await plain.forward(x).data(), 1e-6);
    normed.weight_g.set(Float32Array.from((await normed.weight_g.data()).map((length) => 2 * length)));
    normed.bias?.set(new Float32Array(4));
    plain.bias?.set(new Float32Array(4));
    expectClose(
      await normed.forward(x).data(),
      (await plain.forward(x).data()).map((value) => 2 * value),
      1e-6,
    );
  });

  test("says what its layer expects", () => {
    expect(() => new Sequential(new WeightNorm(new Linear(3, 3))).forward(zeros([2, 4]))).toThrow(
      "hint: 0 expects 3 inputs but receives 4",
    );
  });
});

test("appear in a summary, with their buffers", () => {
  const net = new Sequential(
    new WeightNorm(new Conv2d(1, 4, { kernel: 3 })),
    new BatchNorm2d(4),
    new GroupNorm(2, 4),
    new LocalResponseNorm(3),
  );
  const { layers, parameters, stateBytes } = summary(net, [1, 8, 8]);
  expect(layers.map(({ type, parameters: own }) => [type, own])).toEqual([
    ["WeightNorm", 36 + 4 + 4],
    ["BatchNorm2d", 8],
    ["GroupNorm", 8],
    ["LocalResponseNorm", 0],
  ]);
  expect(layers[0]).toMatchObject({ multiplyAccumulates: 36 * 36, receptiveField: [3, 3] });
  expect(parameters).toBe(60);
  expect(stateBytes).toBe(4 * (60 + 9));
});
