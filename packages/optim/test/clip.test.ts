import { tensor, valueAndGrad } from "@gradus/tensor";
import { expect, test } from "vitest";
import { expectClose } from "../../nn/test/support/close.ts";
import { onReference } from "../../nn/test/support/runtime.ts";
import { clipGradNorm, clipGradValue, type Gradients, gradNorm, sgd } from "../src/index.ts";
import { smallProblem } from "./support/problem.ts";

onReference();

const grads: Gradients = new Map([
  [
    "w",
    tensor([
      [3, -4],
      [0, 0],
    ]),
  ],
  ["b", tensor([12])],
]);
const values = async (clipped: Gradients): Promise<number[]> =>
  (await Promise.all([...clipped.values()].map((grad) => grad.data()))).flatMap((data) => [...data]);

test("the norm is taken over all gradients together", async () => {
  expectClose([await gradNorm(grads).item()], [13], 1e-7);
  expectClose([await gradNorm(grads, { p: 1 }).item()], [19], 1e-7);
  expectClose([await gradNorm(grads, { p: 3 }).item()], [Math.cbrt(27 + 64 + 1728)], 1e-6);
  expectClose([await gradNorm(grads, { p: Infinity }).item()], [12], 1e-7);
});

test("a norm above the limit is scaled to it, one below is left alone", async () => {
  expectClose(await values(clipGradNorm(grads, 6.5).grads), [1.5, -2, 0, 0, 6], 1e-6);
  expect(await values(clipGradNorm(grads, 14).grads)).toEqual([3, -4, 0, 0, 12]);
  expectClose(await values(clipGradNorm(grads, 6, { p: Infinity }).grads), [1.5, -2, 0, 0, 6], 1e-6);
  expectClose([await clipGradNorm(grads, 6.5).norm.item()], [13], 1e-7);
});

test("clipping by value clamps every element", async () => {
  expect(await values(clipGradValue(grads, 3.5))).toEqual([3, -3.5, 0, 0, 3.5]);
});

test("an optimizer clips before its rule", async () => {
  const { model, loss } = smallProblem();
  const before = await model.w.data();
  const { grads: own } = valueAndGrad(model, loss);
  sgd({ learningRate: 1, clip: (given) => clipGradValue(given, 0.125) }).apply(model, own);
  const after = await model.w.data();
  const moves = [...after].map((value, i) => Math.abs(value - before[i]!));
  expectClose([Math.max(...moves)], [0.125], 1e-6);
});

test.each([() => clipGradNorm(grads, 0), () => clipGradValue(grads, Number.NaN)])("refuses a limit that is none: %s", (call) => {
  expect(call).toThrow(expect.objectContaining({ code: "argument/optimizer" }));
});
