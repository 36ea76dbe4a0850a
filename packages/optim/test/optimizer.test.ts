import { readFileSync } from "node:fs";
import { compile } from "@gradus/compile";
import { Module, Param } from "@gradus/nn";
import { add, type HostTensor, matmul, mean, mul, sin, square, sub, sum, type Tensor, tensor, valueAndGrad } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { expectClose } from "../../nn/test/support/close.ts";
import { fill } from "../../nn/test/support/fill.ts";
import { onReference } from "../../nn/test/support/runtime.ts";
import { hasShared, readJson, withoutShared } from "../../nn/test/support/shared.ts";
import { adam, adamw, Optimizer, type OptimizerOptions, type Rule, sgd } from "../src/index.ts";

onReference();

/** Two parameters with given first values. */
class Affine extends Module {
  readonly w: Param;
  readonly b: Param;

  constructor(shape: readonly [number, number], w: ArrayLike<number>, b: ArrayLike<number>) {
    super();
    this.w = new Param(shape, () => Float32Array.from(w));
    this.b = new Param([shape[1]], () => Float32Array.from(b));
  }

  override forward(x: Tensor): Tensor {
    return add(matmul(x, this.w), this.b);
  }
}

const make = { sgd, adam, adamw };

interface Step {
  readonly loss: number;
  readonly W?: readonly number[];
  readonly w?: readonly number[];
  readonly b: readonly number[];
}
interface Fixture {
  readonly runs: readonly {
    readonly name: string;
    readonly ours: { readonly rule: keyof typeof make; readonly learningRate: number };
    readonly steps: readonly Step[];
  }[];
}
/** A shared run's options, as PyTorch names them. */
interface TorchOptions {
  readonly cls: string;
  readonly lr?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weight_decay?: number;
  readonly maximize?: boolean;
  readonly groups?: readonly { readonly params: string; readonly lr: number; readonly weight_decay?: number }[];
}
interface Reference {
  readonly A: number[][];
  readonly Y: number[][];
  readonly W0: number[][];
  readonly b0: number[];
  readonly runs: readonly { readonly name: string; readonly options: TorchOptions; readonly steps: readonly Step[] }[];
}

interface Problem {
  readonly model: Affine;
  readonly loss: () => Tensor;
}

/** The problem of tools/fixtures/optimizers.py. */
function ownProblem(): Problem {
  const model = new Affine([2, 3], fill(1, [2, 3]), fill(2, [3]));
  const a = tensor(fill(3, [4, 2]), { shape: [4, 2] });
  const y = tensor(fill(4, [4, 3]), { shape: [4, 3] });
  return { model, loss: () => add(mean(square(sub(model.forward(a), y))), mul(sum(sin(mul(model.w, 3))), 0.1)) };
}

function sharedProblem({ A, Y, W0, b0 }: Reference): Problem {
  const model = new Affine([3, 4], W0.flat(), b0);
  const [a, y] = [tensor(A), tensor(Y)];
  return {
    model,
    loss: () =>
      add(add(mean(square(sub(model.forward(a), y))), mul(sum(sin(mul(model.w, 3))), 0.1)), mul(sum(square(square(model.b))), 0.05)),
  };
}

/** Runs the steps compiled, since that is how optimizers mostly run, and compares after each one. */
async function follow(
  { model, loss }: Problem,
  optimizer: Optimizer,
  steps: readonly Step[],
  tolerance: number,
  name: string,
): Promise<void> {
  const step = compile(() => {
    const { loss: value, grads } = valueAndGrad(model, loss);
    optimizer.apply(model, grads, { loss: value });
    return value;
  });
  for (const [t, expected] of steps.entries()) {
    expectClose([await step().item()], [expected.loss], tolerance, `${name}: loss of step ${t}`);
    expectClose(await model.w.data(), expected.W ?? expected.w ?? [], tolerance, `${name}: W after step ${t}`);
    expectClose(await model.b.data(), expected.b, tolerance, `${name}: b after step ${t}`);
  }
  expect(step.plans).toHaveLength(1);
}

const { runs }: Fixture = JSON.parse(readFileSync(new URL("fixtures/trajectories.json", import.meta.url), "utf8"));

describe("PyTorch's trajectories", () => {
  test.for(runs.map((run) => [run.name, run] as const))("%s", async ([name, { ours, steps }]) => {
    const { rule, ...options } = ours;
    expect(steps.length).toBeGreaterThan(5);
    await follow(ownProblem(), make[rule](options), steps, 1e-6, name);
  });
});

/** PyTorch's options of a shared run as ours; null for rules that are not here. */
function oursOf({ cls, lr, momentum, nesterov, weight_decay, maximize, groups }: TorchOptions): Optimizer | null {
  const options: OptimizerOptions = {
    learningRate: lr ?? 0.1,
    ...(weight_decay === undefined ? {} : { weightDecay: weight_decay }),
    ...(maximize === undefined ? {} : { maximize }),
    ...(groups === undefined
      ? {}
      : {
          groups: groups.map((group) => ({
            match: new RegExp(`^${group.params.toLowerCase()}$`),
            learningRateScale: group.lr / 0.1,
            weightDecay: group.weight_decay ?? 0,
          })),
        }),
  };
  if (cls === "SGD") return sgd({ ...options, momentum: momentum ?? 0, nesterov: nesterov ?? false });
  return cls === "Adam" ? adam(options) : cls === "AdamW" ? adamw(options) : null;
}

test("the reference trajectories of sgd, adam and adamw", async ({ skip }) => {
  skip(!hasShared, withoutShared);
  const reference = readJson<Reference>("optim/trajectories.json");
  const known = reference.runs
    .map(({ options, ...run }) => ({ ...run, optimizer: oursOf(options) }))
    .filter(({ optimizer }) => optimizer !== null);
  expect(known).toHaveLength(9);
  for (const { name, optimizer, steps } of known)
    if (optimizer !== null) await follow(sharedProblem(reference), optimizer, steps, 1e-5, name);
});

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
