import { compile } from "@gradus/compile";
import { add, type HostTensor, mul, square, sum, type Tensor, tensor, valueAndGrad } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { onReference } from "../../nn/test/support/runtime.ts";
import { adam, adamw, Optimizer, type Rule, sgd } from "../src/index.ts";
import { Affine } from "./support/affine.ts";

onReference();

describe("Optimizer", () => {
  const start = (): Affine => new Affine([1, 1], [1], [2]);
  const gradsOf = (model: Affine, loss: Tensor): ReadonlyMap<string, Tensor> => valueAndGrad(model, () => loss).grads;

  test("the learning rate changes without recompiling", async () => {
    const model = start();
    const optimizer = sgd({ learningRate: 0.5 });
    const step = compile(() => {
      const { loss, grads } = valueAndGrad(model, () => sum(model.w));
      optimizer.apply(model, grads);
      return loss;
    });
    await step().item();
    expect(await model.w.item()).toBe(0.5);
    optimizer.learningRate = 0.25;
    expect(optimizer.learningRate).toBe(0.25);
    await step().item();
    expect(await model.w.item()).toBe(0.25);
    expect(step.plans).toHaveLength(1);
  });

  test("a step with a loss that is not finite changes nothing, and the next one goes on as if it had not been", async () => {
    const run = async (losses: readonly number[]): Promise<number[]> => {
      const model = start();
      const optimizer = adam({ learningRate: 0.1 });
      const step = compile((factor: Tensor) => {
        const { loss, grads } = valueAndGrad(model, () => mul(sum(square(model.w)), factor));
        optimizer.apply(model, grads, { loss });
        return loss;
      });
      for (const factor of losses) await step(factor).item();
      return [
        await model.w.item(),
        await optimizer.step.item(),
        ...[...(await optimizer.stateDict()).values()].map(({ data }) => data[0] ?? 0),
      ];
    };
    const bad = await run([1, Number.NaN, 2, Number.POSITIVE_INFINITY]);
    expect(bad).toEqual(await run([1, 2]));
    expect(bad[1]).toBe(2);
  });

  test("without a loss nothing is guarded", async () => {
    const model = start();
    sgd({ learningRate: 1 }).apply(model, gradsOf(model, mul(sum(model.w), Number.NaN)));
    expect(await model.w.item()).toBeNaN();
  });

  test("parameters without a gradient stay, whatever the weight decay", async () => {
    const model = start();
    const optimizer = adamw({ learningRate: 0.1, weightDecay: 0.5 });
    const grads = gradsOf(model, sum(add(model.w, model.b)));
    optimizer.apply(model, new Map([...grads].filter(([path]) => path === "w")));
    expect(await model.b.item()).toBe(2);
    expect(await model.w.item()).toBeCloseTo(1 * (1 - 0.05) - 0.1, 5);
  });

  test("the first matching group counts", async () => {
    const model = start();
    const optimizer = sgd({
      learningRate: 1,
      weightDecay: 0.5,
      groups: [
        { match: /^b$/g, learningRateScale: 0.5, weightDecay: 0 },
        { match: (path) => path === "b", learningRateScale: 0 },
      ],
    });
    optimizer.apply(model, gradsOf(model, sum(add(model.w, model.b))));
    expect([await model.w.item(), await model.b.item()]).toEqual([1 - 1.5, 2 - 0.5]);
  });

  test("a global pattern matches every parameter, whatever it matched before", async () => {
    const model = start();
    const optimizer = sgd({ learningRate: 1, groups: [{ match: /./g, learningRateScale: 0.5 }] });
    optimizer.apply(model, gradsOf(model, sum(add(model.w, model.b))));
    expect([await model.w.item(), await model.b.item()]).toEqual([0.5, 1.5]);
  });

  test("two updates recorded before either is carried out follow each other", async () => {
    const [apart, together] = [start(), start()];
    const loss = (model: Affine): Tensor => sum(square(model.w));
    const first = sgd({ learningRate: 0.1, momentum: 0.9 });
    for (let i = 0; i < 2; i++) {
      first.apply(apart, gradsOf(apart, loss(apart)));
      await apart.w.data();
    }
    const second = sgd({ learningRate: 0.1, momentum: 0.9 });
    for (let i = 0; i < 2; i++) second.apply(together, gradsOf(together, loss(together)));
    expect(await together.w.item()).toBe(await apart.w.item());
    expect(await second.step.item()).toBe(2);
  });

  test("refuses another model", () => {
    const model = start();
    const optimizer = adam();
    optimizer.bind(model);
    expect(() => optimizer.bind(start())).toThrow(expect.objectContaining({ code: "optimizer/other-model" }));
  });

  test.each([
    () => sgd({ learningRate: -1 }),
    () => sgd({ learningRate: Number.NaN }),
    () => sgd({ learningRate: 1, momentum: 2 }),
    () => sgd({ learningRate: 1, nesterov: true }),
    () => sgd({ learningRate: 1, momentum: 0.9, dampening: 0.1, nesterov: true }),
    () => sgd({ learningRate: 1, groups: [{ match: /w/, learningRateScale: -1 }] }),
    () => adam({ betas: [1, 0.9] }),
    () => adam({ epsilon: -1 }),
    () => adamw({ weightDecay: -1 }),
    () => (adam().learningRate = Number.POSITIVE_INFINITY),
  ])("refuses options that mean nothing: %s", (call) => {
    expect(call).toThrow(expect.objectContaining({ code: "argument/optimizer" }));
  });
});

describe("state dict", () => {
  const options = { learningRate: 0.1 };
  const train = async (model: Affine, optimizer: Optimizer, steps: number): Promise<void> => {
    for (let i = 0; i < steps; i++) {
      optimizer.apply(model, valueAndGrad(model, () => sum(square(square(model.w)))).grads);
      await model.w.data();
    }
  };

  test.each([false, true])("a resumed run equals the uninterrupted one bit for bit (bound first: %s)", async (bound) => {
    const whole = new Affine([2, 1], [1, -2], [0]);
    await train(whole, adam(options), 5);
    const first = new Affine([2, 1], [1, -2], [0]);
    const before = adam(options);
    await train(first, before, 3);
    const entries = await before.stateDict();
    expect([...entries.keys()]).toEqual(["step", "w/mean", "w/square", "b/mean", "b/square"]);
    const second = new Affine([2, 1], [0, 0], [0]);
    second.loadStateDict(await first.stateDict());
    const after = adam(options);
    if (bound) after.bind(second);
    after.loadStateDict(entries);
    expect(await after.stateDict()).toEqual(entries);
    await train(second, after, 2);
    expect(await second.w.data()).toEqual(await whole.w.data());
  });

  test("what does not fit is listed, and nothing changes", async () => {
    const model = new Affine([2, 1], [1, -2], [0]);
    const optimizer = sgd({ ...options, momentum: 0.9 });
    await train(model, optimizer, 2);
    const before = await optimizer.stateDict();
    const wrong = new Map<string, HostTensor>([
      ["step", { dtype: "int32", shape: [], data: Int32Array.of(9) }],
      ["w/momentum", { dtype: "float32", shape: [1, 2], data: new Float32Array(2) }],
      ["w/mean", { dtype: "float32", shape: [2, 1], data: new Float32Array(2) }],
    ]);
    expect(() => optimizer.loadStateDict(wrong)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: sgd: the saved state does not fit, so nothing was loaded
        misfits: w/momentum: float32[1, 2] instead of float32[2, 1]; w/mean: no such slot
        hint: use the optimizer and the model that it was saved from
        code: optimizer/state-mismatch]
    `);
    expect(await optimizer.stateDict()).toEqual(before);
  });

  test("slots loaded before the model is known are checked when it is", () => {
    const optimizer = sgd({ ...options, momentum: 0.9 });
    optimizer.loadStateDict(new Map([["w/momentum", { dtype: "float32", shape: [7], data: new Float32Array(7) }]]));
    expect(() => optimizer.bind(new Affine([2, 1], [1, -2], [0]))).toThrow(expect.objectContaining({ code: "optimizer/state-mismatch" }));
  });
});

test("a rule of one's own is an update and nothing else", async () => {
  const halving: Rule = { name: "halving", slots: [], update: ({ param }) => ({ param: mul(param, 0.5), slots: {} }) };
  const model = new Affine([1, 1], [3], [0]);
  new Optimizer(halving, { learningRate: 1 }).apply(model, new Map([["w", tensor([[2]])]]));
  expect(await model.w.item()).toBe(1.5);
});
