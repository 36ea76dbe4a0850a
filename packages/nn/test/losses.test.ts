import { readFileSync } from "node:fs";
import { fromHost, grad, mul, sum, type Tensor, tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import {
  bce,
  bceWithLogits,
  cosineEmbedding,
  crossEntropy,
  ctc,
  type CtcOptions,
  dice,
  focal,
  gaussianNll,
  hinge,
  huber,
  klDiv,
  l1,
  mse,
  multiMargin,
  nll,
  poissonNll,
  type Reduction,
  smoothL1,
  tripletMargin,
} from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { onReference } from "./support/runtime.ts";
import { hasShared, readJson, readTensors, withoutShared } from "./support/shared.ts";

onReference();

interface Attributes {
  readonly reduction?: Reduction;
  readonly labelSmoothing?: number;
  readonly ignoreIndex?: number;
}
interface Expected {
  readonly y: readonly number[];
  readonly ct: readonly number[];
  readonly dx: readonly number[];
}
interface Case extends Expected {
  readonly name: string;
  readonly loss: string;
  readonly attrs: Attributes;
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
}

const { cases }: { readonly cases: readonly Case[] } = JSON.parse(readFileSync(new URL("fixtures/losses.json", import.meta.url), "utf8"));

describe("PyTorch's values and gradients", () => {
  test.for(cases.map((one) => [one.name, one] as const))("%s", async ([, one]) => {
    const input = (name: string): Tensor => {
      const { shape = [], data = [] } = one.inputs[name] ?? {};
      return tensor([...data], { shape, dtype: name === "labels" ? "int32" : "float32" });
    };
    const options = {
      ...one.attrs,
      ...("weight" in one.inputs ? { weight: input("weight") } : {}),
      ...("posWeight" in one.inputs ? { posWeight: input("posWeight") } : {}),
    };
    const losses: Record<string, (x: Tensor) => Tensor> = {
      crossEntropy: (x) => crossEntropy(x, input("labels"), options),
      nll: (x) => nll(x, input("labels"), options),
      mse: (x) => mse(x, input("target"), options),
      l1: (x) => l1(x, input("target"), options),
      bceWithLogits: (x) => bceWithLogits(x, input("target"), options),
    };
    const loss = losses[one.loss];
    expect(loss).toBeDefined();
    if (loss !== undefined) await compare(loss, input("x"), one);
  });
});

async function compare(loss: (x: Tensor) => Tensor, x: Tensor, { y, ct, dx }: Expected): Promise<void> {
  const value = loss(x);
  expectClose(await value.data(), y, 1e-6, "loss");
  const [gradient] = grad((input) => sum(mul(loss(input), tensor([...ct], { shape: value.shape }))))(x);
  expectClose(await gradient!.data(), dx, 1e-6, "gradient");
}

interface SharedCase {
  readonly id: string;
  readonly group: string;
  readonly fn: string;
  readonly file: string;
  readonly attrs: { readonly reduction?: Reduction; readonly label_smoothing?: number; readonly ignore_index?: number };
}

/** PyTorch's names for the losses that are here. */
const shared: Record<string, (x: Tensor, t: Tensor, attrs: SharedCase["attrs"], extra: (name: string) => Tensor | undefined) => Tensor> = {
  cross_entropy: (x, t, { reduction = "mean", label_smoothing = 0, ignore_index = -100 }, extra) =>
    crossEntropy(x, t, { reduction, labelSmoothing: label_smoothing, ignoreIndex: ignore_index, ...weightOf(extra("w")) }),
  nll_loss: (x, t, { reduction = "mean" }, extra) => nll(x, t, { reduction, ...weightOf(extra("w")) }),
  mse_loss: (x, t, { reduction = "mean" }) => mse(x, t, { reduction }),
  l1_loss: (x, t, { reduction = "mean" }) => l1(x, t, { reduction }),
  binary_cross_entropy_with_logits: (x, t, { reduction = "mean" }, extra) => {
    const posWeight = extra("pw");
    return bceWithLogits(x, t, { reduction, ...weightOf(extra("w")), ...(posWeight === undefined ? {} : { posWeight }) });
  },
};

function weightOf(weight: Tensor | undefined): { readonly weight?: Tensor } {
  return weight === undefined ? {} : { weight };
}

test("the reference losses", async ({ skip }) => {
  skip(!hasShared, withoutShared);
  const { cases: all } = readJson<{ readonly cases: readonly SharedCase[] }>("ops/manifest.json");
  const sharedCases = all.filter(({ group, fn }) => group === "loss" && fn in shared);
  expect(sharedCases.length).toBeGreaterThan(12);
  for (const { id, fn, attrs, file } of sharedCases) {
    const tensors = readTensors(file);
    const read = (name: string): Tensor | undefined => {
      const host = tensors.get(name);
      return host === undefined ? undefined : fromHost(host.shape, host.dtype, host.data);
    };
    const loss = (x: Tensor): Tensor => shared[fn]!(x, read("in.t")!, attrs, (name) => read(`in.${name}`));
    const value = loss(read("in.x")!);
    expectClose(await value.data(), tensors.get("out.y")!.data, 1e-5, id);
    const [gradient] = grad((x) => sum(mul(loss(x), read("ct.y")!)))(read("in.x")!);
    expectClose(await gradient!.data(), tensors.get("grad.x")!.data, 1e-5, `${id} gradient`);
  }
});

describe("crossEntropy", () => {
  const logits = tensor([
    [1, 2, 3],
    [3, 1, 0],
  ]);

  test("is NaN for a label that is no class, and for that sample only", async () => {
    const losses = await crossEntropy(logits, tensor([3, 0], { dtype: "int32" }), { reduction: "none" }).data();
    expect([...losses].map(Number.isNaN)).toEqual([true, false]);
    expect(await crossEntropy(logits, tensor([-1, 0], { dtype: "int32" })).item()).toBeNaN();
  });

  test("is NaN when every sample is ignored, as in PyTorch", async () => {
    expect(await crossEntropy(logits, tensor([-100, -100], { dtype: "int32" })).item()).toBeNaN();
  });

  test("stays finite for logits of any size and for impossible classes", async () => {
    const far = tensor([
      [1000, -1000, 0],
      [0, Number.NEGATIVE_INFINITY, 0],
    ]);
    const labels = tensor([1, 0], { dtype: "int32" });
    const losses = await crossEntropy(far, labels, { reduction: "none" }).data();
    expectClose(losses, [2000, Math.log(2)], 1e-6);
    const [gradient] = grad((x) => crossEntropy(x, labels))(far);
    expectClose(await gradient!.data(), [0.5, -0.5, 0, -0.25, 0, 0.25], 1e-6);
  });

  test.each([
    ["dtype/labels", () => crossEntropy(logits, tensor([0, 1], { dtype: "float32" }))],
    ["shape/loss-labels", () => crossEntropy(logits, tensor([[0], [1]], { dtype: "int32" }))],
    ["shape/loss-labels", () => nll(tensor([1, 2]), tensor([0, 1], { dtype: "int32" }))],
    ["argument/label-smoothing", () => crossEntropy(logits, tensor([0, 1], { dtype: "int32" }), { labelSmoothing: 1.5 })],
    ["shape/loss-target", () => mse(tensor([1, 2]), tensor([[1], [2]]))],
    ["shape/loss-target", () => l1(tensor([1, 2]), tensor([1]))],
    ["shape/loss-target", () => bceWithLogits(tensor([1, 2]), tensor([1]))],
  ])("refuses with %s", (code, call) => {
    expect(call).toThrow(expect.objectContaining({ code }));
  });
});

describe("ctc", () => {
  const int = (shape: number[], ...data: number[]): Tensor => fromHost(shape, "int32", Int32Array.from(data));
  /** Two steps of two even classes beside the blank. */
  const even = tensor(new Float32Array(12).fill(Math.log(1 / 3)), { shape: [2, 2, 3] });
  const target = { labels: int([2, 2], 1, 1, 1, 2), inputLengths: int([2], 2, 2), labelLengths: int([2], 2, 2) };
  const lossOf = async (options: CtcOptions): Promise<number[]> => [...(await ctc(even, target, { reduction: "none", ...options }).data())];

  test("is infinite where labels do not fit into the steps, or 0 if asked for, with no gradient", async () => {
    // The same label twice needs a blank between.
    expect((await lossOf({}))[0]).toBe(Number.POSITIVE_INFINITY);
    expectClose((await lossOf({})).slice(1), [Math.log(9)], 1e-6);
    expect((await lossOf({ zeroInfinity: true }))[0]).toBe(0);
    const [dx] = grad((x) => ctc(x, target, { zeroInfinity: true }))(even);
    const values = [...((await dx?.data()) ?? [])];
    expect(values.every(Number.isFinite)).toBe(true);
    expect([values.slice(0, 3), values.slice(6, 9)]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test("of a sequence too long for sums of probabilities stays exact", async () => {
    const steps = 400;
    const x = tensor(new Float32Array(steps * 2).fill(Math.log(0.5)), { shape: [steps, 1, 2] });
    const one = { labels: int([1, 1], 1), inputLengths: int([1], steps), labelLengths: int([1], 1) };
    // One run of the label, anywhere: steps * (steps + 1) / 2 ways of 2^-steps each.
    const loss = await ctc(x, one, { reduction: "sum" }).item();
    expectClose([loss], [steps * Math.LN2 - Math.log((steps * (steps + 1)) / 2)], 1e-6);
  });

  test.each([
    ["shape/ctc", () => ctc(tensor([[1, 2]]), target)],
    ["shape/ctc", () => ctc(even, { ...target, labelLengths: int([1], 2) })],
    ["dtype/labels", () => ctc(even, { ...target, labels: tensor([[1], [1]]) })],
  ])("refuses with %s", (code, call) => {
    expect(call).toThrow(expect.objectContaining({ code }));
  });
});

test("bce of a certain error is 100, with a gradient that is finite", async () => {
  const p = tensor([0, 1, 1]);
  const t = tensor([1, 0, 1]);
  expectClose(await bce(p, t, { reduction: "none" }).data(), [100, 100, 0], 1e-6);
  const [dp] = grad((x) => bce(x, t, { reduction: "sum" }))(p);
  expectClose((await dp?.data()) ?? [], [-1e12, 1e12, 0], 1e-6);
});

test("klDiv is 0 where the target is, whatever the prediction", async () => {
  const x = tensor([Number.NEGATIVE_INFINITY, 0, 0]);
  expectClose(await klDiv(x, tensor([0, 1, 0.5]), { reduction: "none" }).data(), [0, 0, -0.5 * Math.LN2], 1e-6);
});

test("dice of what is predicted exactly is 0, of nothing where nothing is too, and of rows one number each", async () => {
  const region = tensor([
    [1, 0, 1],
    [0, 0, 0],
  ]);
  expect([...(await dice(region, region, { reduction: "none" }).data())]).toEqual([0, 0]);
});

describe("losses refuse what does not fit", () => {
  const [a, b, labels] = [tensor([[1, 2]]), tensor([[1], [2]]), tensor([0], { dtype: "int32" })];

  test.each<[string, () => unknown]>([
    ["shape/loss-target", () => huber(a, b)],
    ["shape/loss-target", () => bce(a, b)],
    ["shape/loss-target", () => hinge(a, b)],
    ["shape/loss-target", () => klDiv(a, b)],
    ["shape/loss-target", () => tripletMargin(a, a, b)],
    ["shape/loss-target", () => cosineEmbedding(a, a, b)],
    ["shape/loss-variance", () => gaussianNll(a, a, b)],
    ["shape/loss-labels", () => multiMargin(a, tensor([[0]], { dtype: "int32" }))],
    ["dtype/labels", () => multiMargin(a, tensor([0]))],
    ["argument/delta", () => huber(a, a, { delta: 0 })],
    ["argument/beta", () => smoothL1(a, a, { beta: -1 })],
    ["argument/epsilon", () => gaussianNll(a, a, a, { epsilon: 0 })],
    ["argument/epsilon", () => poissonNll(a, a, { epsilon: 0 })],
    ["argument/alpha", () => focal(a, a, { alpha: 2 })],
    ["argument/gamma", () => focal(a, a, { gamma: -1 })],
    ["argument/smooth", () => dice(a, a, { smooth: -1 })],
    // @ts-expect-error only 1 and 2 are exponents
    ["argument/exponent", () => multiMargin(a, labels, { p: 3 })],
  ])("with %s", (code, call) => {
    expect(call).toThrow(expect.objectContaining({ code }));
  });
});
