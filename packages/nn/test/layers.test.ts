import {
  conv2d,
  expand,
  foldKey,
  fromHost,
  grad,
  gumbelSoftmax,
  key,
  keyTensor,
  mean,
  mul,
  neg,
  reshape,
  sum,
  Tensor,
  tensor,
  valueAndGrad,
} from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import {
  AvgPool2d,
  bind,
  CELU,
  ConnectedConv2d,
  Conv2d,
  Dropout,
  ELU,
  EVAL,
  Flatten,
  GELU,
  GLU,
  Hardshrink,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  Identity,
  type Layer,
  LeakyReLU,
  Linear,
  LogSigmoid,
  LogSoftmax,
  Maxout,
  MaxPool2d,
  Mish,
  PReLU,
  ReLU,
  ReLU6,
  SELU,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Softmin,
  Softplus,
  Softshrink,
  Softsign,
  Tanh,
  Tanhshrink,
  Threshold,
  TRAIN,
  training,
} from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { fill } from "./support/fill.ts";
import { onReference } from "./support/runtime.ts";

onReference();

const image = (shape: number[], stream = 1): Tensor => fromHost(shape, "float32", fill(stream, shape));

describe("Linear", () => {
  test("maps the last axis of any input", async () => {
    const layer = new Linear(3, 2);
    layer.loadStateDict(
      new Map([
        ["weight", { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
        ["bias", { dtype: "float32", shape: [2], data: Float32Array.of(10, 20) }],
      ]),
    );
    expect([...(await layer.forward(tensor([[1, 0, -1]])).data())]).toEqual([8, 18]);
    expect([...(await layer.forward(tensor([1, 0, -1])).data())]).toEqual([8, 18]);
    expect(layer.forward(tensor(new Float32Array(24), { shape: [2, 4, 3] })).shape).toEqual([2, 4, 2]);
  });

  test("has no bias if told so", () => {
    expect([...new Linear(3, 2, { bias: false }).parameters()].map(([path]) => path)).toEqual(["weight"]);
  });
});

describe("shapes", () => {
  test.each<[string, Layer, number[], number[]]>([
    ["conv", new Conv2d(3, 4, { kernel: 3 }), [2, 3, 8, 8], [2, 4, 6, 6]],
    ["conv same", new Conv2d(3, 4, { kernel: 4, padding: "same" }), [2, 3, 8, 8], [2, 4, 8, 8]],
    ["conv stride, padding", new Conv2d(3, 4, { kernel: [3, 5], stride: 2, padding: [1, 2] }), [1, 3, 9, 9], [1, 4, 5, 5]],
    ["conv dilation", new Conv2d(1, 1, { kernel: 3, dilation: 2 }), [1, 1, 7, 7], [1, 1, 3, 3]],
    ["conv depthwise", new Conv2d(4, 8, { kernel: 3, groups: 4, padding: "valid" }), [1, 4, 5, 5], [1, 8, 3, 3]],
    ["max pool", new MaxPool2d(2), [1, 2, 7, 7], [1, 2, 3, 3]],
    ["max pool, ceil", new MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true }), [1, 2, 8, 8], [1, 2, 5, 5]],
    ["average pool", new AvgPool2d(2, { stride: 1 }), [1, 2, 7, 7], [1, 2, 6, 6]],
    ["flatten", new Flatten(), [2, 3, 4, 5], [2, 60]],
    ["flatten some", new Flatten({ from: 2 }), [2, 3, 4, 5], [2, 3, 20]],
    ["identity", new Identity(), [2, 3], [2, 3]],
  ])("%s", async (_, layer, from, to) => {
    const y = layer.forward(image(from));
    expect(y.shape).toEqual(to);
    expect((await y.data()).every(Number.isFinite)).toBe(true);
  });
});

test.each<[string, Layer, (v: number) => number]>([
  ["ReLU", new ReLU(), (v) => Math.max(v, 0)],
  ["LeakyReLU", new LeakyReLU({ negativeSlope: 0.2 }), (v) => (v > 0 ? v : 0.2 * v)],
  ["Sigmoid", new Sigmoid(), (v) => 1 / (1 + Math.exp(-v))],
  ["Tanh", new Tanh(), Math.tanh],
  ["GELU", new GELU({ approximate: "tanh" }), (v) => (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))],
  ["SiLU", new SiLU(), (v) => v / (1 + Math.exp(-v))],
  ["Softplus", new Softplus({ beta: 2 }), (v) => Math.log1p(Math.exp(2 * v)) / 2],
  ["ReLU6", new ReLU6(), (v) => Math.min(Math.max(v, 0), 6)],
  ["CELU", new CELU({ alpha: 2 }), (v) => (v > 0 ? v : 2 * Math.expm1(v / 2))],
  ["SELU", new SELU(), (v) => 1.0507009873554805 * (v > 0 ? v : 1.6732632423543772 * Math.expm1(v))],
  ["LogSigmoid", new LogSigmoid(), (v) => -Math.log1p(Math.exp(-v))],
  ["Tanhshrink", new Tanhshrink(), (v) => v - Math.tanh(v)],
  ["Mish", new Mish(), (v) => v * Math.tanh(Math.log1p(Math.exp(v)))],
  ["Softsign", new Softsign(), (v) => v / (1 + Math.abs(v))],
  ["Hardtanh", new Hardtanh({ max: 2 }), (v) => Math.min(Math.max(v, -1), 2)],
  ["Hardsigmoid", new Hardsigmoid(), (v) => Math.min(Math.max(v / 6 + 0.5, 0), 1)],
  ["Hardswish", new Hardswish(), (v) => v * Math.min(Math.max(v / 6 + 0.5, 0), 1)],
  ["Hardshrink", new Hardshrink({ lambda: 1 }), (v) => (Math.abs(v) > 1 ? v : 0)],
  ["Softshrink", new Softshrink({ lambda: 1 }), (v) => Math.sign(v) * Math.max(Math.abs(v) - 1, 0)],
  ["Threshold", new Threshold(0.5, -7), (v) => (v > 0.5 ? v : -7)],
  ["PReLU", new PReLU({ initial: 0.2 }), (v) => (v > 0 ? v : Math.fround(0.2) * v)],
  ["ELU", new ELU({ alpha: 0.5 }), (v) => (v > 0 ? v : 0.5 * Math.expm1(v))],
])("%s", async (_, layer, meaning) => {
  const values = fill(3, [9], 3);
  expectClose(await layer.forward(tensor(values)).data(), Array.from(values, meaning), 1e-6);
});

test("Softmax sums to one over its axis", async () => {
  const y = new Softmax({ axis: 1 }).forward(image([2, 3, 2]));
  expectClose(await sum(y, { axis: 1 }).data(), [1, 1, 1, 1], 1e-6);
  expect(new Softmax().forward(image([4])).shape).toEqual([4]);
});

test("Softmin and LogSoftmax are Softmax of -x, and its logarithm", async () => {
  const x = image([2, 5]);
  expectClose(await new Softmin().forward(x).data(), await new Softmax().forward(neg(x)).data(), 1e-6);
  expectClose(await new LogSoftmax().forward(x).data(), (await new Softmax().forward(x).data()).map(Math.log), 1e-5);
});

test("GLU and Maxout make fewer channels of many", async () => {
  expect(await new GLU({ axis: 1 }).forward(tensor([[2, 3, 0, 0]])).data()).toEqual(Float32Array.of(1, 1.5));
  expect(await new Maxout(3).forward(tensor([[1, 5, 2, -1, -9, -3]])).data()).toEqual(Float32Array.of(5, -1));
  expect(() => new GLU().forward(tensor([1, 2, 3]))).toThrow(expect.objectContaining({ code: "shape/glu" }));
  expect(() => new Maxout(4).forward(tensor([[1, 2, 3]]))).toThrow(expect.objectContaining({ code: "shape/maxout" }));
});

test("activations refuse options without a meaning", () => {
  expect(() => new PReLU({ parameters: 4 }).forward(image([2, 3, 2, 2]))).toThrow(expect.objectContaining({ code: "shape/prelu" }));
  expect(() => new CELU({ alpha: 0 }).forward(image([2]))).toThrow(expect.objectContaining({ code: "argument/alpha" }));
  expect(() => new Hardshrink({ lambda: -1 }).forward(image([2]))).toThrow(expect.objectContaining({ code: "argument/lambda" }));
  expect(() => new Softshrink({ lambda: Number.NaN }).forward(image([2]))).toThrow(expect.objectContaining({ code: "argument/lambda" }));
});

describe("gumbelSoftmax", () => {
  const odds = tensor([[Math.log(0.2), Math.log(0.3), Math.log(0.5)]]);
  const many = expand(odds, [2000, 3]);

  test("chooses each class with its probability", async () => {
    const chosen = await mean(gumbelSoftmax(many, { key: key(1), hard: true }), { axis: 0 }).data();
    [0.2, 0.3, 0.5].forEach((share, i) => expect(chosen[i]).toBeCloseTo(share, 1));
  });

  test("is soft by default and one-hot if hard, with the soft gradient", async () => {
    const soft = { key: key(1), temperature: 0.5 };
    expectClose(await sum(gumbelSoftmax(many, soft), { axis: 1 }).data(), new Float32Array(2000).fill(1), 1e-5);
    const hard = await gumbelSoftmax(many, { ...soft, hard: true }).data();
    expect(new Set(hard.map(Math.round))).toEqual(new Set([0, 1]));
    const slope = async (options: object): Promise<unknown> =>
      grad((x) => sum(mul(gumbelSoftmax(x, { ...soft, ...options }), odds)))(odds)[0]?.data();
    expect(await slope({ hard: true })).toEqual(await slope({}));
    expect(() => gumbelSoftmax(odds, { key: key(1), temperature: 0 })).toThrow(expect.objectContaining({ code: "argument/temperature" }));
  });
});

describe("Dropout", () => {
  const ones = tensor(new Float32Array(4000).fill(1));
  const keyed = (seed: number): Tensor => keyTensor(foldKey(key(seed), "dropout"));

  test("does nothing in evaluation, and nothing with p = 0", () => {
    expect(new Dropout(0.5).forward(ones, EVAL)).toBe(ones);
    expect(new Dropout(0.5).forward(ones)).toBe(ones);
    expect(new Dropout(0).forward(ones, TRAIN)).toBe(ones);
  });

  test("drops a share of p and scales the rest", async () => {
    const values = [...(await new Dropout(0.2).forward(ones, training(keyed(1))).data())];
    const dropped = values.filter((value) => value === 0).length / values.length;
    expect(dropped).toBeGreaterThan(0.17);
    expect(dropped).toBeLessThan(0.23);
    expect(new Set(values)).toEqual(new Set([0, 1.25]));
    expect((await new Dropout(1).forward(ones, training(keyed(1))).data()).every((value) => value === 0)).toBe(true);
  });

  test("is a function of key and path", async () => {
    const net = bind(new Sequential(new Dropout(), new Dropout()));
    const [first, second] = net.layers;
    const run = async (layer: Layer | undefined, seed: number): Promise<unknown> => layer?.forward(ones, training(keyed(seed))).data();
    expect(await run(first, 1)).toEqual(await run(first, 1));
    expect(await run(first, 1)).not.toEqual(await run(first, 2));
    expect(await run(first, 1)).not.toEqual(await run(second, 1));
  });

  test("gradients pass through what is kept", async () => {
    const layer = new Dropout();
    const y = layer.forward(ones, training(keyed(1)));
    const [dx] = grad((x) => sum(layer.forward(x, training(keyed(1)))))(ones);
    expect(await dx?.data()).toEqual(await y.data());
  });

  test("needs a key in training, and a probability", () => {
    expect(() => new Dropout().forward(ones, TRAIN)).toThrow(expect.objectContaining({ code: "dropout/no-key" }));
    expect(() => new Dropout(1.5)).toThrow(expect.objectContaining({ code: "argument/probability" }));
  });
});

describe("ConnectedConv2d", () => {
  const table = [[0, 2], [1], [0, 1, 2]];
  const make = (): ConnectedConv2d => bind(new ConnectedConv2d(3, table, { kernel: [2, 3] }), 1);

  test("has weights for its connections only, each within its map's bound", async () => {
    const layer = make();
    expect(layer.weight.shape).toEqual([6, 2, 3]);
    expect(layer.bias?.shape).toEqual([3]);
    const values = await layer.weight.data();
    table.flat().forEach((_, row) => {
      const fanIn = 6 * [2, 2, 1, 3, 3, 3][row]!;
      expect(Math.max(...values.slice(row * 6, row * 6 + 6).map(Math.abs))).toBeLessThanOrEqual(Math.fround(1 / Math.sqrt(fanIn)));
    });
  });

  test("is a convolution with zeros where there is no connection", async () => {
    const layer = make();
    const weight = await layer.weight.data();
    const dense = new Float32Array(3 * 3 * 6);
    let row = 0;
    table.forEach((maps, output) => maps.forEach((input) => dense.set(weight.slice(row * 6, ++row * 6), (output * 3 + input) * 6)));
    const x = image([2, 3, 5, 5]);
    const expected = conv2d(x, fromHost([3, 3, 2, 3], "float32", dense), { bias: layer.bias });
    expectClose(await layer.forward(x).data(), await expected.data(), 1e-6);
  });

  test("has the packed part of the full kernel's gradient", async () => {
    const layer = make();
    const x = image([2, 3, 5, 5]);
    const ct = image([2, 3, 4, 3], 5);
    const kernel = await layer.kernel().data();
    const [full] = grad((w) => sum(mul(conv2d(x, w), ct)))(fromHost([3, 3, 2, 3], "float32", kernel));
    const { grads } = valueAndGrad(layer, () => sum(mul(layer.forward(x), ct)));
    const dense = (await full?.data()) ?? [];
    const expected = table.flatMap((maps, output) =>
      maps.flatMap((input) => Array.from(dense.slice((output * 3 + input) * 6, (output * 3 + input + 1) * 6))),
    );
    expectClose((await grads.get("weight")?.data()) ?? [], expected, 1e-6);
  });

  test.each([[[[3]]], [[[-1]]], [[[0, 0]]], [[[]]], [[[0.5]]]])("refuses the table %j", (wrong) => {
    expect(() => new ConnectedConv2d(3, wrong, { kernel: 1 })).toThrow(expect.objectContaining({ code: "argument/connection-table" }));
  });
});

test("groups must divide the channels", () => {
  expect(() => new Conv2d(3, 4, { kernel: 1, groups: 2 })).toThrow(expect.objectContaining({ code: "argument/groups" }));
});

test("Sequential passes the context on", async () => {
  const net = new Sequential(new Linear(4, 4), new Dropout());
  expect(() => net.forward(reshape(image([4]), [1, 4]), TRAIN)).toThrow(expect.objectContaining({ code: "dropout/no-key" }));
  expect(net.forward(image([1, 4]))).toBeInstanceOf(Tensor);
});
