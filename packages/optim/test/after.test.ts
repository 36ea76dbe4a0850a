import { compile } from "@gradus/compile";
import { tensor, valueAndGrad } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { expectClose } from "../../nn/test/support/close.ts";
import { onReference } from "../../nn/test/support/runtime.ts";
import {
  type AfterUpdate,
  adam,
  asgd,
  averagedWeights,
  exponentialAverage,
  lookahead,
  maxNorm,
  type Optimizer,
  sgd,
  stochasticAverage,
} from "../src/index.ts";
import { Affine } from "./support/affine.ts";
import { smallProblem } from "./support/problem.ts";

onReference();

const rate = 0.125;

/** Weights after each of `steps` updates, and the averages kept of them; gradients of a fixed problem. */
async function run(optimizer: Optimizer, steps: number): Promise<{ readonly weights: number[][]; readonly averages: number[][] }> {
  const { model, loss } = smallProblem();
  const step = compile(() => {
    const { loss: value, grads } = valueAndGrad(model, loss);
    optimizer.apply(model, grads, { loss: value });
    return value;
  });
  const [weights, averages]: [number[][], number[][]] = [[], []];
  for (let t = 0; t < steps; t++) {
    await step().item();
    weights.push([...(await model.w.data())]);
    averages.push([...((await optimizer.stateDict()).get("w/average")?.data ?? [])]);
  }
  return { weights, averages };
}

const plain = (after: readonly AfterUpdate[]): Optimizer => sgd({ learningRate: rate, momentum: 0.5, after });

describe("averages leave the run as it is, and", () => {
  test("exponentialAverage keeps a moving one", async () => {
    const { weights, averages } = await run(plain([exponentialAverage({ decay: 0.75 })]), 6);
    expect(weights).toEqual((await run(plain([]), 6)).weights);
    let expected = weights[0]!;
    for (const [t, row] of weights.entries()) {
      if (t > 0) expected = expected.map((a, i) => 0.75 * a + 0.25 * row[i]!);
      expectClose(averages[t]!, expected, 1e-6, `step ${t + 1}`);
    }
  });

  test("exponentialAverage forgets faster at first, if told to", async () => {
    const { weights, averages } = await run(plain([exponentialAverage({ decay: 0.4, warmup: true })]), 7);
    let expected = weights[0]!;
    for (const [at, row] of weights.entries()) {
      const t = at + 1;
      const decay = Math.min(0.4, (1 + t) / (10 + t));
      if (t > 1) expected = expected.map((a, i) => decay * a + (1 - decay) * row[i]!);
      expectClose(averages[at]!, expected, 1e-6, `step ${t}`);
    }
  });

  test("stochasticAverage keeps the mean of every n-th result", async () => {
    const { weights, averages } = await run(plain([stochasticAverage({ start: 3, every: 2 })]), 8);
    expect(weights).toEqual((await run(plain([]), 8)).weights);
    for (let t = 1; t <= 8; t++) {
      const used = t < 3 ? [weights[t - 1]!] : weights.filter((_, i) => i + 1 >= 3 && i + 1 <= t && (i + 1 - 3) % 2 === 0);
      const expected = used[0]!.map((_, i) => used.reduce((total, row) => total + row[i]!, 0) / used.length);
      expectClose(averages[t - 1]!, expected, 1e-6, `step ${t}`);
    }
  });
});

test("lookahead: the parameter goes on from slow weights that follow it", async () => {
  const { model, loss } = smallProblem();
  const optimizer = sgd({
    learningRate: rate,
    weightDecay: 0.5,
    decoupledWeightDecay: true,
    after: [lookahead({ every: 3, alpha: 0.25 })],
  });
  const step = compile(() => {
    const { grads } = valueAndGrad(model, loss);
    optimizer.apply(model, grads);
    return grads.get("w")!;
  });
  let slow = [...(await model.w.data())];
  let fast = slow;
  for (let t = 1; t <= 7; t++) {
    const g = await step().data();
    fast = fast.map((p, i) => p * (1 - rate * 0.5) - rate * g[i]!);
    if (t % 3 === 0) fast = slow = slow.map((s, i) => s + 0.25 * (fast[i]! - s));
    expectClose(await model.w.data(), fast, 1e-6, `step ${t}`);
  }
});

test("maxNorm holds each output's weights to a ball, as PyTorch's renorm does, and leaves biases alone", async () => {
  const model = new Affine([3, 2], [3, 4, 0.3, 0.4, 0, 0], [30, 40]);
  const optimizer = sgd({ learningRate: 0, after: [maxNorm(2)] });
  optimizer.apply(
    model,
    new Map([
      [
        "w",
        tensor([
          [0, 0],
          [0, 0],
          [0, 0],
        ]),
      ],
      ["b", tensor([0, 0])],
    ]),
  );
  expectClose(await model.w.data(), [1.2, 1.6, 0.3, 0.4, 0, 0], 1e-7);
  expect([...(await model.b.data())]).toEqual([30, 40]);
});

test("a group can have an `after` of its own", async () => {
  const { model, loss } = smallProblem();
  const optimizer = sgd({ learningRate: rate, after: [exponentialAverage()], groups: [{ match: /b$/, after: [] }] });
  optimizer.apply(model, valueAndGrad(model, loss).grads);
  expect([...(await optimizer.stateDict()).keys()]).toEqual(["step", "w/average"]);
});

test("a constraint comes before an average that follows it", async () => {
  const { weights, averages } = await run(sgd({ learningRate: rate, after: [maxNorm(0.5), exponentialAverage()] }), 1);
  expect(averages[0]).toEqual(weights[0]);
  expect(Math.hypot(...weights[0]!.slice(0, 3))).toBeCloseTo(0.5, 6);
});

describe("averagedWeights", () => {
  test("puts averages in place of parameters", async () => {
    for (const optimizer of [plain([exponentialAverage({ decay: 0.5 })]), asgd({ learningRate: rate, averageFrom: 1 })]) {
      const { model, loss } = smallProblem();
      for (let t = 0; t < 4; t++) {
        optimizer.apply(model, valueAndGrad(model, loss).grads);
        await model.w.data();
      }
      const averages = await averagedWeights(model, optimizer);
      expect([...averages.keys()]).toEqual(["w", "b"]);
      expect(averages.get("w")).toEqual((await optimizer.stateDict()).get("w/average"));
      expect(averages.get("w")?.data).not.toEqual(await model.w.data());
      model.loadStateDict(averages);
    }
  });

  test("says what is missing", async () => {
    const { model } = smallProblem();
    await expect(averagedWeights(model, adam())).rejects.toMatchObject({ code: "optimizer/no-average" });
    const optimizer = plain([exponentialAverage()]);
    optimizer.bind({ parameters: () => [["other", model.w]] });
    await expect(averagedWeights(model, optimizer)).rejects.toMatchObject({ code: "optimizer/other-model" });
  });
});

test.each([
  () => exponentialAverage({ decay: 1 }),
  () => stochasticAverage({ start: 0 }),
  () => stochasticAverage({ start: 1, every: 0.5 }),
  () => lookahead({ every: 0 }),
  () => lookahead({ alpha: 2 }),
  () => maxNorm(0),
  () => plain([exponentialAverage(), stochasticAverage({ start: 1 })]),
  () => asgd({ after: [exponentialAverage()] }),
])("refuses options that mean nothing: %s", (call) => {
  expect(call).toThrow(expect.objectContaining({ code: "argument/optimizer" }));
});
