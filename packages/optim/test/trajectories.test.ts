import { readFileSync } from "node:fs";
import { compile } from "@gradus/compile";
import { add, mean, mul, sin, square, sub, sum, tensor, valueAndGrad } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { expectClose } from "../../nn/test/support/close.ts";
import { hasShared, readJson } from "../../nn/test/support/shared.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  asgd,
  clipGradNorm,
  nadam,
  type Optimizer,
  type OptimizerOptions,
  radam,
  rmsprop,
  rprop,
  sgd,
} from "../src/index.ts";
import { Affine } from "./support/affine.ts";
import { backendNames, install } from "./support/backends.ts";
import { type Problem, smallProblem } from "./support/problem.ts";

const make = { sgd, rmsprop, adagrad, adadelta, adam, adamw, adamax, nadam, radam, rprop, asgd };

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
  readonly cls: keyof typeof ofTorch;
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
  readonly clip_grad_norm: {
    readonly gW: number[];
    readonly gb: number[];
    readonly max_norm: number;
    readonly total_norm: number;
    readonly gW_after: number[];
    readonly gb_after: number[];
  };
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
const tolerances = { reference: 1e-6, wasm: 1e-5 };

describe.each(backendNames)("PyTorch's trajectories on %s", (backend) => {
  test.for(runs.map((run) => [run.name, run] as const))("%s", async ([name, { ours, steps }]) => {
    install(backend);
    const { rule, ...options } = ours;
    expect(steps.length).toBeGreaterThan(5);
    await follow(smallProblem(), make[rule](options), steps, tolerances[backend], name);
  });
});

const ofTorch = {
  SGD: sgd,
  RMSprop: rmsprop,
  Adagrad: adagrad,
  Adadelta: adadelta,
  Adam: adam,
  AdamW: adamw,
  Adamax: adamax,
  ASGD: asgd,
  Rprop: rprop,
};

function oursOf({ cls, lr = 0.1, momentum, nesterov, weight_decay, maximize, groups }: TorchOptions): Optimizer {
  const options: OptimizerOptions & { readonly momentum?: number; readonly nesterov?: boolean } = {
    learningRate: lr,
    ...(momentum === undefined ? {} : { momentum }),
    ...(nesterov === undefined ? {} : { nesterov }),
    ...(weight_decay === undefined ? {} : { weightDecay: weight_decay }),
    ...(maximize === undefined ? {} : { maximize }),
    ...(groups === undefined
      ? {}
      : {
          groups: groups.map((group) => ({
            match: new RegExp(`^${group.params.toLowerCase()}$`),
            learningRateScale: group.lr / lr,
            weightDecay: group.weight_decay ?? 0,
          })),
        }),
  };
  return ofTorch[cls](options);
}

describe.skipIf(!hasShared)("the reference trajectories (needs shared/ beside the checkout)", () => {
  const reference = hasShared ? readJson<Reference>("optim/trajectories.json") : null;
  const known = reference?.runs ?? [];

  test("are all here", () => {
    expect(known).toHaveLength(16);
  });

  describe.each(backendNames)("%s", (backend) => {
    test.for(known.map((run) => [run.name, run] as const))("%s", async ([name, { options, steps }]) => {
      if (reference === null) return;
      install(backend);
      expect(steps).toHaveLength(20);
      await follow(sharedProblem(reference), oursOf(options), steps, 1e-5, name);
    });

    test("gradients clipped by norm", async () => {
      const clipping = reference?.clip_grad_norm;
      if (clipping === undefined) return;
      install(backend);
      const grads = new Map([
        ["w", tensor(clipping.gW)],
        ["b", tensor(clipping.gb)],
      ]);
      const clipped = clipGradNorm(grads, clipping.max_norm);
      expectClose([await clipped.norm.item()], [clipping.total_norm], 1e-6, "norm");
      expectClose((await clipped.grads.get("w")?.data()) ?? [], clipping.gW_after, 1e-6, "W");
      expectClose((await clipped.grads.get("b")?.data()) ?? [], clipping.gb_after, 1e-6, "b");
    });
  });
});
