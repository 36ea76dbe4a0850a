import {
  fromHost,
  keyTensor,
  mul,
  narrow,
  permute,
  select,
  type Shape,
  State,
  stopGradient,
  stream,
  sum,
  type Tensor,
  valueAndGrad,
  zeros,
} from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { bind, type Context, EVAL, GRU, Linear, LSTM, LSTMCell, Module, RNN, RNNCell, summary, training } from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { fill } from "./support/fill.ts";
import { onReference } from "./support/runtime.ts";

onReference();

const values = (stream: number, ...shape: number[]): Tensor => fromHost(shape, "float32", fill(stream, shape));
const withCode = (code: string): unknown => expect.objectContaining({ code });

test("parameters have PyTorch's names and shapes, and start within 1 / sqrt(hidden)", async () => {
  const layer = bind(new LSTM(3, 4, { numLayers: 2, bidirectional: true }));
  const shapes = Object.fromEntries([...layer.parameters()].map(([name, { shape }]): [string, Shape] => [name, shape]));
  expect(shapes).toMatchObject({
    weight_ih_l0: [16, 3],
    weight_hh_l0_reverse: [16, 4],
    bias_ih_l0: [16],
    weight_ih_l1: [16, 8],
    bias_hh_l1_reverse: [16],
  });
  expect(Object.keys(shapes)).toHaveLength(16);
  for (const [, parameter] of layer.parameters()) expect(Math.max(...(await parameter.data()).map(Math.abs))).toBeLessThanOrEqual(0.5);
  expect([...new GRU(3, 4, { bias: false }).parameters()].map(([name]) => name)).toEqual(["weight_ih_l0", "weight_hh_l0"]);
  expect([...new RNNCell(3, 4).parameters()].map(([name]) => name)).toEqual(["weight_ih", "weight_hh", "bias_ih", "bias_hh"]);
});

test("a sequence is the cell step by step", async () => {
  const layer = bind(new LSTM(2, 3));
  const cell = bind(new LSTMCell(2, 3));
  for (const [name, parameter] of cell.parameters()) {
    const other = [...layer.parameters()].find(([path]) => path === `${name}_l0`)?.[1];
    parameter.set((await other?.data()) ?? new Float32Array(0));
  }
  const x = values(1, 4, 2, 2);
  const { output, hidden, cell: last } = layer.forward(x);
  let state = { hidden: zeros([2, 3]), cell: zeros([2, 3]) };
  for (let t = 0; t < 4; t++) {
    state = cell.forward(select(x, 0, t), state);
    expectClose(await select(output, 0, t).data(), await state.hidden.data(), 1e-6, `step ${t}`);
  }
  expectClose(await hidden.data(), await state.hidden.data(), 1e-6, "hidden");
  expectClose(await last.data(), await state.cell.data(), 1e-6, "cell");
});

test("batchFirst exchanges two axes of sequences, and one sequence needs no batch", async () => {
  const layer = bind(new GRU(2, 3, { numLayers: 2 }));
  const other = new GRU(2, 3, { numLayers: 2, batchFirst: true });
  other.loadStateDict(await layer.stateDict());
  const x = values(1, 4, 2, 2);
  const { output, hidden } = layer.forward(x);
  const swapped = other.forward(permute(x, [1, 0, 2]));
  expectClose(await permute(swapped.output, [1, 0, 2]).data(), await output.data(), 1e-6);
  expectClose(await swapped.hidden.data(), await hidden.data(), 1e-6);
  const alone = layer.forward(select(x, 1, 0));
  expect([alone.output.shape, alone.hidden.shape]).toEqual([
    [4, 3],
    [2, 3],
  ]);
  expectClose(await alone.output.data(), await select(output, 1, 0).data(), 1e-6);
});

describe("truncated backpropagation through time", () => {
  const x = values(1, 6, 2, 2);
  const windows = [narrow(x, 0, 0, 3), narrow(x, 0, 3, 3)] as const;
  const layer = bind(new LSTM(2, 3));
  const lossOf = (output: Tensor): Tensor => sum(mul(output, output));
  const gradients = async (loss: () => Tensor): Promise<readonly (readonly number[])[]> =>
    Promise.all([...valueAndGrad(layer, loss).grads.values()].map(async (grad) => Array.from(await grad.data())));

  test("windows give the whole sequence's values, and gradients that stop between them", async () => {
    const whole = layer.forward(x);
    const first = layer.forward(windows[0]);
    const second = layer.forward(windows[1], { hidden: first.hidden, cell: first.cell });
    expectClose(await second.output.data(), await narrow(whole.output, 0, 3, 3).data(), 1e-6);

    const stopped = await gradients(() => {
      const { hidden, cell } = layer.forward(windows[0]);
      return lossOf(layer.forward(windows[1], { hidden: stopGradient(hidden), cell: stopGradient(cell) }).output);
    });
    const given = {
      hidden: fromHost([1, 2, 3], "float32", await first.hidden.data()),
      cell: fromHost([1, 2, 3], "float32", await first.cell.data()),
    };
    const constants = await gradients(() => lossOf(layer.forward(windows[1], given).output));
    const through = await gradients(() => lossOf(layer.forward(windows[1], layer.forward(windows[0])).output));
    stopped.forEach((grad, i) => expectClose(grad, constants[i] ?? [], 1e-6));
    expect(stopped).not.toEqual(through);
  });

  test("state cells carry the state from window to window, and no gradient", async () => {
    const shape = { shape: [1, 2, 3], dtype: "float32" } as const;
    const [hidden, cell] = [new State(shape, "hidden"), new State(shape, "cell")];
    const outputs = [];
    for (const window of windows) {
      const next = layer.forward(window, { hidden, cell });
      outputs.push(next.output);
      hidden.assign(next.hidden);
      cell.assign(next.cell);
    }
    expectClose(await outputs[1]!.data(), await narrow(layer.forward(x).output, 0, 3, 3).data(), 1e-6);
    hidden.discard();
    cell.discard();
  });
});

test("dropout stands between layers, in training alone", async () => {
  const layer = bind(new RNN(2, 8, { numLayers: 2, dropout: 0.5 }));
  const x = values(1, 3, 2, 2);
  const run = async (ctx: Context): Promise<ArrayLike<number>> => layer.forward(x, {}, ctx).output.data();
  const key = keyTensor(stream(1, "test"));
  expect(await run(EVAL)).toEqual(await run(EVAL));
  expect(await run(training(key))).toEqual(await run(training(key)));
  expect(await run(training(key))).not.toEqual(await run(EVAL));
  expect([...layer.parameters()]).toHaveLength(8);
  const one = bind(new RNN(2, 8, { dropout: 0.5 }));
  expect(await one.forward(x, {}, training(key)).output.data()).toEqual(await one.forward(x).output.data());
});

test("a length of 0 leaves the initial state and zeros", async () => {
  const layer = bind(new GRU(2, 3));
  const hidden = values(2, 1, 2, 3);
  const read = layer.forward(values(1, 3, 2, 2), { hidden, lengths: [0, 3] });
  expect((await select(read.output, 1, 0).data()).every((value) => value === 0)).toBe(true);
  expect(await select(read.hidden, 1, 0).data()).toEqual(await select(hidden, 1, 0).data());
});

test("what does not fit is refused", () => {
  const layer = new LSTM(2, 3);
  expect(() => new LSTM(2, 0)).toThrow(withCode("argument/recurrent-size"));
  expect(() => new GRU(2, 3, { numLayers: 1.5 })).toThrow(withCode("argument/recurrent-size"));
  expect(() => new RNN(2, 3, { numLayers: 2, dropout: 2 })).toThrow(withCode("argument/probability"));
  expect(() => layer.forward(zeros([3]))).toThrow(withCode("shape/sequence"));
  expect(() => layer.forward(zeros([3, 1, 4]))).toThrow("expects 2 inputs but receives 4");
  expect(() => layer.forward(zeros([0, 1, 2]))).toThrow(withCode("shape/scan-empty"));
  expect(() => layer.forward(zeros([3, 1, 2]), { hidden: zeros([1, 2, 3]) })).toThrow(withCode("shape/recurrent-state"));
  expect(() => layer.forward(zeros([3, 1, 2]), { lengths: [4] })).toThrow(withCode("shape/lengths"));
  expect(() => layer.forward(zeros([3, 1, 2]), { lengths: [1, 1] })).toThrow(withCode("shape/lengths"));
});

test("summaries count what every step costs", () => {
  class Net extends Module {
    readonly lstm = new LSTM(3, 4, { batchFirst: true });
    readonly out = new Linear(4, 2);
    override forward(x: Tensor): Tensor {
      return this.out.forward(this.lstm.forward(x).output);
    }
  }
  const { layers } = summary(new Net(), [5, 3]);
  expect(layers.map(({ path, type, parameters, multiplyAccumulates }) => [path, type, parameters, multiplyAccumulates])).toEqual([
    ["lstm", "LSTM", 144, 5 * 112],
    ["out", "Linear", 10, 40],
  ]);
});
