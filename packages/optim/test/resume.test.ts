import { compile } from "@gradus/compile";
import { mul, type Tensor, valueAndGrad } from "@gradus/tensor";
import { expect, test } from "vitest";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  asgd,
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
import type { Affine } from "./support/affine.ts";
import { install } from "./support/backends.ts";
import { smallProblem } from "./support/problem.ts";

const learningRate = 0.05;

const makers: Readonly<Record<string, () => Optimizer>> = {
  sgd: () => sgd({ learningRate, momentum: 0.9, dampening: 0.5 }),
  rmsprop: () => rmsprop({ learningRate, centered: true, momentum: 0.5 }),
  adagrad: () => adagrad({ learningRate, learningRateDecay: 0.1, initialAccumulator: 0.1 }),
  adadelta: () => adadelta(),
  adam: () => adam({ learningRate }),
  amsgrad: () => adam({ learningRate, amsgrad: true }),
  adamw: () => adamw({ learningRate }),
  adamax: () => adamax({ learningRate }),
  nadam: () => nadam({ learningRate }),
  radam: () => radam({ learningRate, betas: [0.9, 0.95] }),
  rprop: () => rprop({ learningRate }),
  asgd: () => asgd({ learningRate, averageFrom: 1 }),
  lion: () => lion({ learningRate }),
  lamb: () => lamb({ learningRate }),
  lars: () => lars({ learningRate }),
  "lookahead and moving average": () =>
    adam({ learningRate, after: [maxNorm(1), lookahead({ every: 2 }), exponentialAverage({ decay: 0.9 })] }),
  "stochastic average": () => sgd({ learningRate, after: [stochasticAverage({ start: 2, every: 2 })] }),
};

async function drive(factors: readonly number[], model: Affine, loss: () => Tensor, optimizer: Optimizer): Promise<void> {
  const step = compile((factor: Tensor) => {
    const { loss: value, grads } = valueAndGrad(model, () => mul(loss(), factor));
    optimizer.apply(model, grads, { loss: value });
    return value;
  });
  for (const factor of factors) await step(factor).item();
}

test.each(Object.entries(makers))(
  "%s: stopped and resumed, with steps left out for a loss of NaN, it ends bit for bit as the uninterrupted run",
  async (_, make) => {
    install("wasm");
    const whole = smallProblem();
    const through = make();
    await drive([1, 2, 0.5, 1, 3, 1, 2], whole.model, whole.loss, through);
    const first = smallProblem();
    const before = make();
    await drive([Number.NaN, 1, 2, Number.NaN, 0.5], first.model, first.loss, before);
    const second = smallProblem();
    second.model.loadStateDict(await first.model.stateDict());
    const after = make();
    after.loadStateDict(await before.stateDict());
    await drive([1, 3, 1, 2], second.model, second.loss, after);
    expect(await second.model.stateDict()).toEqual(await whole.model.stateDict());
    expect(await after.stateDict()).toEqual(await through.stateDict());
    expect(await through.step.item()).toBe(7);
  },
);
