import { compile, type Plan, readsOfStep, writesOfStep } from "@gradus/compile";
import { gradients, logSoftmax, mul, sizeOf, softmax, sum, type Tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { BatchNorm2d, crossEntropy, ctc, GroupNorm, InstanceNorm, type Layer, LayerNorm, RMSNorm, TRAIN } from "../src/index.ts";
import { fill } from "./support/fill.ts";
import { onReference } from "./support/runtime.ts";

onReference({ rowByRow: true });

const host = (shape: number[], stream: number) => ({ shape, dtype: "float32", data: fill(stream, shape) }) as const;

const nothing = { steps: [], buffers: [], sweeps: [] };

/**
 * Times that a value of the activations' size or more is read or written from end to end, which costs memory traffic: by a kernel,
 * or by a sweep, whose kernels find what a row needs in cache once the first has read it.
 */
function passesOf({ steps, buffers, sweeps }: Pick<Plan, "steps" | "buffers" | "sweeps">, size: number): number {
  const passing = steps.flatMap((step, number) => {
    const touches = [...readsOfStep(step), ...writesOfStep(step)].some((id) => sizeOf(buffers[id]?.shape ?? []) >= size);
    return touches && (step.kind !== "loop" || sizeOf([...step.extents, ...step.reduce]) >= size) ? [number] : [];
  });
  return new Set(passing.map((number) => sweeps.findLast(({ first, count }) => first <= number && number < first + count)?.first ?? number))
    .size;
}

/** Passes of a function's value alone, and of its value with the gradients of the input and of a layer's parameters. */
async function count(
  f: (x: Tensor) => Tensor,
  shape: number[],
  layer: Layer | null = null,
): Promise<readonly [value: number, both: number]> {
  const value = compile(f);
  const both = compile((x: Tensor, ct: Tensor) => {
    const parameters = layer === null ? [] : [...layer.parameters()].map(([, parameter]) => parameter.value());
    const y = f(x);
    return { y, grads: gradients(sum(mul(y, ct)), [x, ...parameters]) };
  });
  await value(host(shape, 1)).data();
  await both(host(shape, 1), host(shape, 2)).y.data();
  return [passesOf(value.plans[0] ?? nothing, sizeOf(shape)), passesOf(both.plans[0] ?? nothing, sizeOf(shape))];
}

describe("passes over the activations, forward and with gradients", () => {
  const through = (layer: Layer) => (x: Tensor) => layer.forward(x, TRAIN);

  test.each<[string, Layer, number[], readonly [number, number]]>([
    // A channel's values do not lie together, so that no sweep has them in cache: mean and variance, result; then both sums of the gradient at once, and the gradient.
    ["BatchNorm2d", new BatchNorm2d(4), [8, 4, 6, 6], [2, 4]],
    // All in one sweep but the sums of the weight's gradient, which run over other axes.
    ["LayerNorm", new LayerNorm(32), [40, 32], [1, 2]],
    ["GroupNorm", new GroupNorm(2, 4), [8, 4, 6, 6], [1, 2]],
    ["InstanceNorm", new InstanceNorm(4), [8, 4, 6, 6], [1, 1]],
    ["RMSNorm", new RMSNorm(32), [40, 32], [1, 2]],
  ])("%s", async (_, layer, shape, expected) => {
    expect(await count(through(layer), shape, layer)).toEqual(expected);
  });

  test("softmax and logSoftmax", async () => {
    expect(await count(softmax, [40, 32])).toEqual([1, 1]);
    expect(await count(logSoftmax, [40, 32])).toEqual([1, 1]);
  });
});

test("all steps of ctc are one scan of one kernel, with the gradient too", async () => {
  const labels = { shape: [2, 3], dtype: "int32", data: Int32Array.of(1, 2, 2, 3, 1, 1) } as const;
  const lengths = (value: number) => ({ shape: [2], dtype: "int32", data: Int32Array.of(value, value) }) as const;
  const planned = async (steps: number): Promise<Plan["steps"]> => {
    const train = compile((x: Tensor, t: Tensor, inputLengths: Tensor, labelLengths: Tensor) => {
      const loss = ctc(logSoftmax(x), { labels: t, inputLengths, labelLengths });
      return { loss, grads: gradients(loss, [x]) };
    });
    await train(host([steps, 2, 4], 1), labels, lengths(steps), lengths(3)).loss.item();
    return train.plans[0]?.steps ?? [];
  };
  const steps = await planned(40);
  expect(steps.flatMap((step) => (step.kind === "scan" ? [[step.count, step.body.steps.length]] : []))).toEqual([[39, 1]]);
  expect((await planned(24)).length).toBe(steps.length);
});

test("crossEntropy of logits and its gradient", async () => {
  const step = compile((x: Tensor, t: Tensor) => {
    const loss = crossEntropy(x, t);
    return { loss, grads: gradients(loss, [x]) };
  });
  await step(host([16, 10], 1), { shape: [16], dtype: "int32", data: new Int32Array(16) }).loss.item();
  expect(passesOf(step.plans[0] ?? nothing, 160)).toBeLessThanOrEqual(2);
});
