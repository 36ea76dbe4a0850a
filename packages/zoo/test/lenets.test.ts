import { readFileSync } from "node:fs";
import { compile } from "@gradus/compile";
import { crossEntropy, type Layer, type Module, summary, TRAIN } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { fromHost, type HostTensor, type Tensor, tensor, valueAndGrad, zeros } from "@gradus/tensor";
import { beforeEach, describe, expect, test } from "vitest";
import { expectClose } from "../../nn/test/support/close.ts";
import { fill } from "../../nn/test/support/fill.ts";
import { onReference } from "../../nn/test/support/runtime.ts";
import { hasShared, readJson, readTensors, withoutShared } from "../../nn/test/support/shared.ts";
import { connectionsOfC3, lenet5, lenet5Sparse, lenetCaffe, type ModelEntry, type ModelName, models } from "../src/index.ts";

onReference();

const parametersOf = (model: Module): number => [...model.parameters()].reduce((sum, [, { size }]) => sum + size, 0);

describe("the registry", () => {
  test.each(Object.entries<ModelEntry>(models))("%s is what it says", (_, { make, inputShape, classes, description }) => {
    const model = make({ seed: 1 });
    expect(model.forward(zeros([3, ...inputShape])).shape).toEqual([3, classes]);
    expect(description).toContain(`${parametersOf(model).toLocaleString("en-US")} parameters`);
    expect(make({ classes: 3 }).forward(zeros([1, ...inputShape])).shape).toEqual([1, 3]);
  });
});

describe("sizes", () => {
  test("parameters", () => {
    expect(parametersOf(lenet5())).toBe(61_706);
    expect(parametersOf(lenet5({ activation: "relu", pooling: "max", inputSize: 32 }))).toBe(61_706);
    expect(parametersOf(lenetCaffe())).toBe(431_080);
    expect(parametersOf(lenet5Sparse())).toBe(60_000 + 850);
  });

  test("images of 32x32, in colour", () => {
    expect(lenet5({ inputSize: 32, inputChannels: 3, classes: 100 }).forward(zeros([2, 3, 32, 32])).shape).toEqual([2, 100]);
    expect(lenet5Sparse({ inputSize: 32 }).forward(zeros([2, 1, 32, 32])).shape).toEqual([2, 10]);
    expect(() => lenet5({ inputSize: 30 as 32 })).toThrow(expect.objectContaining({ code: "zoo/input-size" }));
  });

  test("the connections of 1998", () => {
    const { layers } = summary(lenet5Sparse(), [1, 28, 28]);
    expect(layers.map(({ path, parameters, connections }) => [path, parameters, connections])).toEqual([
      ["c1", 156, 122_304],
      ["s2", 12, 5_880],
      ["c3", 1_516, 151_600],
      ["s4", 32, 2_000],
      ["c5", 48_120, 48_120],
      ["f6", 10_164, 10_164],
      ["output", 850, 850],
    ]);
    expect(layers.map(({ receptiveField }) => receptiveField?.[0])).toEqual([5, 6, 14, 16, 32, 28, 28]);
    // Each map of S2 is read ten times: the rows of Table I.
    expect([0, 1, 2, 3, 4, 5].map((map) => connectionsOfC3.filter((maps) => maps.includes(map)).length)).toEqual([10, 10, 10, 10, 10, 10]);
    expect(new Set(connectionsOfC3.map(String)).size).toBe(16);
  });

  test("summary for people", () => {
    expect(String(summary(lenet5Sparse(), [1, 28, 28]))).toMatchInlineSnapshot(`
      "LeNet5Sparse, input [1, 28, 28]
      layer   type             output           parameters  multiply-adds  connections   memory   sees
      ------------------------------------------------------------------------------------------------
      c1      Conv2d           [1, 6, 28, 28]          156        117,600      122,304  18.4 KB    5x5
      s2      Subsampling      [1, 6, 14, 14]           12          1,176        5,880   4.6 KB    6x6
      c3      ConnectedConv2d  [1, 16, 10, 10]       1,516        150,000      151,600   6.3 KB  14x14
      s4      Subsampling      [1, 16, 5, 5]            32            400        2,000   1.6 KB  16x16
      c5      Conv2d           [1, 120, 1, 1]       48,120         48,000       48,120    480 B  32x32
      f6      Linear           [1, 84]              10,164         10,080       10,164    336 B  28x28
      output  Linear           [1, 10]                 850            840          850     40 B  28x28
      ------------------------------------------------------------------------------------------------
      total                                         60,850        328,096      340,918  31.6 KB
      237.7 KB of parameters and buffers; figures are for one sample"
    `);
    expect(String(summary(lenetCaffe(), [1, 28, 28]))).toMatchInlineSnapshot(`
      "LeNetCaffe, input [1, 28, 28]
      layer  type       output           parameters  multiply-adds  connections   memory   sees
      -----------------------------------------------------------------------------------------
      conv1  Conv2d     [1, 20, 24, 24]         520        288,000      299,520  45.0 KB    5x5
      pool1  MaxPool2d  [1, 20, 12, 12]           0              0       11,520  11.3 KB    6x6
      conv2  Conv2d     [1, 50, 8, 8]        25,050      1,600,000    1,603,200  12.5 KB  14x14
      pool2  MaxPool2d  [1, 50, 4, 4]             0              0        3,200   3.1 KB  16x16
      ip1    Linear     [1, 500]            400,500        400,000      400,500   2.0 KB  28x28
      ip2    Linear     [1, 10]               5,010          5,000        5,010     40 B  28x28
      -----------------------------------------------------------------------------------------
      total                                 431,080      2,293,000    2,322,950  73.9 KB
      1.6 MB of parameters and buffers; figures are for one sample"
    `);
  });
});

interface Fixture {
  readonly labels: number[];
  readonly cases: readonly {
    readonly model: ModelName;
    readonly shapes: Readonly<Record<string, readonly number[]>>;
    readonly logits: readonly (readonly number[])[];
    readonly loss: number;
    readonly grads: Readonly<Record<string, { readonly norm: number; readonly first: readonly number[] }>>;
  }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL("fixtures/lenets.json", import.meta.url), "utf8"));

/** Loss and gradients of one batch, computed together. */
function stepOf(model: Layer, image: Tensor, labels: Tensor): () => { readonly loss: Tensor; readonly grads: ReadonlyMap<string, Tensor> } {
  return compile(() => valueAndGrad(model, () => crossEntropy(model.forward(image, TRAIN), labels)));
}

describe("PyTorch's logits, loss and gradients", () => {
  test.for(fixture.cases.map((one) => [one.model, one] as const))("%s", async ([name, { shapes, logits, loss, grads }]) => {
    const model = models[name].make();
    model.loadStateDict(
      new Map(Object.entries(shapes).map(([path, shape], i) => [path, { dtype: "float32", shape, data: fill(i, shape, scaleOf(shape)) }])),
    );
    const image = fromHost([2, 1, 28, 28], "float32", fill(1000, [2, 1, 28, 28]));
    expectClose(await model.forward(image).data(), logits.flat(), 1e-5, "logits");
    const step = stepOf(model, image, tensor(fixture.labels, { dtype: "int32" }))();
    expectClose([await step.loss.item()], [loss], 1e-5, "loss");
    expect([...step.grads.keys()]).toEqual(Object.keys(grads));
    for (const [path, { norm, first }] of Object.entries(grads)) {
      const values = Array.from((await step.grads.get(path)?.data()) ?? []);
      expectClose([Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))], [norm], 1e-4, `norm of ${path}`);
      expectClose([...values.slice(0, first.length), norm], [...first, norm], 1e-5, path);
    }
  });
});

/** As in tools/fixtures/lenets.py. */
function scaleOf(shape: readonly number[]): number {
  return shape.length === 1 ? 0.2 : 1.5 / Math.sqrt(shape.slice(1).reduce((size, extent) => size * extent, 1));
}

describe("training from reference/models", () => {
  beforeEach(({ skip }) => skip(!hasShared, withoutShared));
  test.each([
    ["lenet5_classic", () => lenet5({ activation: "relu", pooling: "max" })],
    ["lenet5_caffe", () => lenetCaffe()],
  ] as const)("%s", { timeout: 300_000 }, async (name, make) => {
    const entry = readJson<{ readonly models: readonly Trained[] }>("models/manifest.json").models.find((one) => one.name === name);
    expect(entry).toBeDefined();
    if (entry === undefined) return;
    const tensors = readTensors(entry.file);
    const read = (key: string): HostTensor => tensors.get(key) ?? { dtype: "float32", shape: [0], data: new Float32Array(0) };
    const within = (prefix: string): Map<string, HostTensor> =>
      new Map([...tensors].flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [])));
    const image = fromHost(read("x").shape, "float32", read("x").data);
    const labels = fromHost(read("y").shape, "int32", Int32Array.from(read("y").data));
    const model = make();
    model.loadStateDict(within("init."));
    expectClose(await model.forward(image).data(), read("logits").data, 1e-4, "logits");
    const { grads } = stepOf(model, image, labels)();
    expect(grads.size).toBe(within("grad.").size);
    for (const [path, { data }] of within("grad.")) expectClose((await grads.get(path)?.data()) ?? [], data, 1e-4, `gradient of ${path}`);
    const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
    const step = compile(() => {
      const { loss, grads } = valueAndGrad(model, () => crossEntropy(model.forward(image, TRAIN), labels));
      optimizer.apply(model, grads, { loss });
      return loss;
    });
    for (const [t, loss] of entry.losses.entries()) expectClose([await step().item()], [loss], 1e-5, `loss of step ${t}`);
    const after = within("after.");
    for (const [path, { data }] of await model.stateDict()) expectClose(data, after.get(path)?.data ?? [], 1e-4, `${path} after training`);
  });
});

interface Trained {
  readonly name: string;
  readonly file: string;
  readonly losses: readonly number[];
}
