import { compile, type Plan, printPlan } from "@gradus/compile";
import { sum, type Tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  asgd,
  clipGradNorm,
  exponentialAverage,
  lamb,
  lars,
  lion,
  lookahead,
  maxNorm,
  nadam,
  type Optimizer,
  radam,
  rmsprop,
  rprop,
  sgd,
  stochasticAverage,
} from "../src/index.ts";
import { Affine } from "./support/affine.ts";
import { install } from "./support/backends.ts";

/** The plan of a step that is given the gradients of a weight [64, 32] and a bias [32], and sums one of them. */
async function planOf(optimizer: Optimizer): Promise<Plan> {
  install("wasm");
  const model = new Affine([64, 32], new Float32Array(2048), new Float32Array(32));
  const step = compile((w: Tensor, b: Tensor) => {
    const grads = new Map([
      ["w", w],
      ["b", b],
    ]);
    optimizer.apply(model, grads);
    return sum(w);
  });
  const gradient = (...shape: number[]) => ({ shape, dtype: "float32", data: new Float32Array(shape.reduce((a, b) => a * b)) }) as const;
  await step(gradient(64, 32), gradient(32)).item();
  expect(step.plans).toHaveLength(1);
  return step.plans[0]!;
}

const learningRate = 0.1;

describe("a parameter's update is one kernel", () => {
  const ema = exponentialAverage();
  // Besides the two updates, the sum and the count of steps: kernels for scalars that follow from the step alone.
  test.each<readonly [name: string, optimizer: Optimizer, scalars: number]>([
    ["sgd", sgd({ learningRate, momentum: 0.9, nesterov: true, weightDecay: 0.1 }), 0],
    ["rmsprop", rmsprop({ centered: true, momentum: 0.9 }), 0],
    ["adagrad", adagrad(), 0],
    ["adadelta", adadelta(), 0],
    ["adam", adam({ weightDecay: 0.1 }), 2],
    ["adam with amsgrad", adam({ amsgrad: true }), 2],
    ["adamax", adamax(), 1],
    ["nadam", nadam(), 5],
    ["radam", radam(), 3],
    ["rprop", rprop(), 0],
    ["asgd", asgd(), 2],
    ["lion", lion({ weightDecay: 0.1 }), 0],
    ["sgd with lookahead", sgd({ learningRate, after: [lookahead()] }), 1],
    ["sgd with a moving average", sgd({ learningRate, after: [ema] }), 0],
    ["sgd with a stochastic average", sgd({ learningRate, after: [stochasticAverage({ start: 5, every: 3 })] }), 2],
  ])("%s", async (_, optimizer, scalars) => {
    const { steps } = await planOf(optimizer);
    expect(steps).toHaveLength(4 + scalars);
  });
});

test("clipping by norm adds a pass over each gradient, and none over parameters", async () => {
  const plan = await planOf(sgd({ learningRate, momentum: 0.9, clip: (grads) => clipGradNorm(grads, 1).grads }));
  expect(printPlan(plan)).toMatchInlineSnapshot(`
    "add []: optimizer/step int32[] -> optimizer/step int32[]
    sum [] sum over [32]: argument 1 float32[32] -> sum float32[]
    sum+minimum [] sum,sum over [2048]: argument 0 float32[64, 32], sum float32[] -> sum float32[], minimum float32[]
    add+sub [2048]: optimizer/w/momentum float32[64, 32], argument 0 float32[64, 32], minimum float32[], w float32[64, 32], optimizer/learningRate float32[] -> optimizer/w/momentum float32[64, 32], w float32[64, 32]
    add+sub [32]: optimizer/b/momentum float32[32], argument 1 float32[32], minimum float32[], b float32[32], optimizer/learningRate float32[] -> optimizer/b/momentum float32[32], b float32[32]
    5 kernels, 33316 bytes moved, 8512 bytes of arena"
  `);
});

test("a constraint on rows needs their lengths first", async () => {
  expect(printPlan(await planOf(lion({ after: [maxNorm(1)] })))).toMatchInlineSnapshot(`
    "sum [] sum over [2048]: argument 0 float32[64, 32] -> sum float32[]
    sub+add [32]: b float32[32], optimizer/learningRate float32[], optimizer/b/mean float32[32], argument 1 float32[32] -> b float32[32], optimizer/b/mean float32[32]
    add []: optimizer/step int32[] -> optimizer/step int32[]
    sub [2048]: w float32[64, 32], optimizer/learningRate float32[], optimizer/w/mean float32[64, 32], argument 0 float32[64, 32] -> sub float32[64, 32]
    add [2048]: optimizer/w/mean float32[64, 32], argument 0 float32[64, 32] -> optimizer/w/mean float32[64, 32]
    reshape [64] sum over [32]: sub float32[64, 32] -> reshape float32[64, 1]
    div [64]: reshape float32[64, 1] -> div float32[64, 1]
    mul [64, 32]: sub float32[64, 32], div float32[64, 1] -> w float32[64, 32]
    8 kernels, 83344 bytes moved, 16448 bytes of arena"
  `);
});

test("optimizers of whole tensors' lengths need those first", async () => {
  expect((await planOf(lars({ learningRate }))).steps).toHaveLength(13);
  expect((await planOf(lamb())).steps).toHaveLength(20);
});

test("rmsprop's step", async () => {
  expect(printPlan(await planOf(rmsprop({ momentum: 0.9 })))).toMatchInlineSnapshot(`
    "sum [] sum over [2048]: argument 0 float32[64, 32] -> sum float32[]
    add+add+sub [2048]: optimizer/w/square float32[64, 32], argument 0 float32[64, 32], optimizer/w/momentum float32[64, 32], w float32[64, 32], optimizer/learningRate float32[] -> optimizer/w/square float32[64, 32], optimizer/w/momentum float32[64, 32], w float32[64, 32]
    add+add+sub [32]: optimizer/b/square float32[32], argument 1 float32[32], optimizer/b/momentum float32[32], b float32[32], optimizer/learningRate float32[] -> optimizer/b/square float32[32], optimizer/b/momentum float32[32], b float32[32]
    add []: optimizer/step int32[] -> optimizer/step int32[]
    4 kernels, 41488 bytes moved, 8384 bytes of arena"
  `);
});
