import { readFileSync } from "node:fs";
import { add, log, mul, select, square, sub, sum, type Tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { expectClose } from "../../nn/test/support/close.ts";
import { Lbfgs, type LbfgsOptions } from "../src/index.ts";
import { strongWolfe } from "../src/lbfgs/strong-wolfe.ts";
import { Affine } from "./support/affine.ts";
import { backendNames, install } from "./support/backends.ts";
import { type Problem, smallProblem } from "./support/problem.ts";

interface Fixture {
  readonly runs: readonly {
    readonly name: string;
    readonly problem: keyof typeof problems;
    readonly ours: LbfgsOptions;
    readonly steps: readonly {
      readonly loss: number;
      readonly w: readonly number[];
      readonly b: readonly number[];
      readonly evaluations: number;
      readonly iterations: number;
    }[];
  }[];
  readonly searches: readonly {
    readonly of: readonly [tilt: number, bend: number, wave: number, frequency: number];
    readonly first: number;
    readonly tried: readonly number[];
    readonly length: number;
  }[];
}

/** Rosenbrock's valley, which a quasi-Newton method has to follow around a bend. */
function rosenbrock(): Problem {
  const model = new Affine([1, 2], [-1.25, 1], [0, 0]);
  return {
    model,
    loss: () => {
      const [x, y] = [0, 1].map((i) => select(model.w, 1, i)) as [Tensor, Tensor];
      return add(sum(add(mul(square(sub(y, square(x))), 100), square(sub(1, x)))), sum(square(model.b)));
    },
  };
}

const problems = { affine: smallProblem, rosenbrock };
const { runs, searches }: Fixture = JSON.parse(readFileSync(new URL("fixtures/lbfgs.json", import.meta.url), "utf8"));

describe.each(backendNames)("PyTorch's L-BFGS on %s", (backend) => {
  test.for(runs.map((run) => [run.name, run] as const))("%s", async ([name, { problem, ours, steps }]) => {
    install(backend);
    const { model, loss } = problems[problem]();
    const optimizer = new Lbfgs(model, loss, ours);
    let evaluations = 0;
    for (const [t, expected] of steps.entries()) {
      const result = await optimizer.step();
      evaluations += result.evaluations;
      expectClose([result.loss], [expected.loss], 1e-4, `${name}: loss before step ${t}`);
      expectClose(await model.w.data(), expected.w, 1e-4, `${name}: W after step ${t}`);
      expectClose(await model.b.data(), expected.b, 1e-4, `${name}: b after step ${t}`);
      expect(evaluations, `${name}: evaluations until step ${t}`).toBe(expected.evaluations);
    }
  });
});

test("the line search tries what PyTorch's tries, in float64", async () => {
  expect(searches).toHaveLength(32);
  for (const { of, first, tried, length } of searches) {
    const [tilt, bend, wave, frequency] = of;
    const ours: number[] = [];
    const at = (t: number) => ({
      length: t,
      loss: -tilt * t + bend * t ** 2 + wave * Math.sin(frequency * t),
      slope: -tilt + 2 * bend * t + wave * frequency * Math.cos(frequency * t),
      at: t,
    });
    const evaluate = (t: number) => (ours.push(t), Promise.resolve(at(t)));
    const { point, evaluations } = await strongWolfe({ start: at(0), length: first, evaluate, tolerance: 1e-9, reach: 1 });
    expectClose(ours, tried, 1e-7, `${of.join()} from ${first}`);
    expect(evaluations).toBe(tried.length);
    expectClose([point.length], [length], 1e-7, `${of.join()} from ${first}`);
  }
});

describe("Lbfgs", () => {
  test("reaches the end of Rosenbrock's valley", async () => {
    install("reference");
    const { model, loss } = rosenbrock();
    const optimizer = new Lbfgs(model, loss, { lineSearch: "strongWolfe" });
    for (let i = 0; i < 3; i++) await optimizer.step();
    expectClose(await model.w.data(), [1, 1], 1e-4);
    const { iterations, evaluations } = await optimizer.step();
    expect(iterations).toBeLessThanOrEqual(1);
    expect(evaluations).toBeLessThanOrEqual(25);
  });

  test("hands its arguments to the loss, which is compiled once", async () => {
    install("wasm");
    const model = new Affine([1, 1], [0], [0]);
    let recorded = 0;
    const optimizer = new Lbfgs(model, (x: Tensor, y: Tensor) => (recorded++, sum(square(sub(model.forward(x), y)))), {
      lineSearch: "strongWolfe",
    });
    const batch = { shape: [3, 1], dtype: "float32" } as const;
    const x = { ...batch, data: Float32Array.of(0, 1, 2) };
    for (const slope of [2, -3]) {
      await optimizer.step(x, { ...batch, data: Float32Array.of(1, 1 + slope, 1 + 2 * slope) });
      expectClose([await model.w.item(), await model.b.item()], [slope, 1], 1e-4);
    }
    expect(recorded).toBe(1);
  });

  test("a resumed run equals the uninterrupted one bit for bit", async () => {
    install("wasm");
    const options = { lineSearch: "strongWolfe", maxIterations: 3 } as const;
    const whole = smallProblem();
    const through = new Lbfgs(whole.model, whole.loss, options);
    for (let i = 0; i < 4; i++) await through.step();
    const first = smallProblem();
    const before = new Lbfgs(first.model, first.loss, options);
    for (let i = 0; i < 2; i++) await before.step();
    const second = smallProblem();
    second.model.loadStateDict(await first.model.stateDict());
    const after = new Lbfgs(second.model, second.loss, options);
    after.loadStateDict(await before.stateDict());
    expect(await after.stateDict()).toEqual(await before.stateDict());
    for (let i = 0; i < 2; i++) await after.step();
    expect(await second.model.stateDict()).toEqual(await whole.model.stateDict());
    expect(await after.stateDict()).toEqual(await through.stateDict());
  });

  /** Falls forever towards a wall: the logarithm of a negative number. */
  const wall = (model: Affine) => () => add(mul(log(sum(model.w)), -1), mul(sum(square(model.w)), 50));

  test("a line search steps around places where the loss is not finite", async () => {
    install("reference");
    const model = new Affine([1, 1], [1], [0]);
    const optimizer = new Lbfgs(model, wall(model), { learningRate: 300, lineSearch: "strongWolfe" });
    for (let i = 0; i < 3; i++) await optimizer.step();
    expect(await model.w.item()).toBeCloseTo(0.1, 5);
  });

  test("without one it says so, and parameters and memory are as before", async () => {
    install("reference");
    const model = new Affine([1, 1], [1], [0]);
    const optimizer = new Lbfgs(model, wall(model), { learningRate: 300 });
    const before = await optimizer.stateDict();
    await expect(optimizer.step()).rejects.toMatchObject({ code: "optimizer/non-finite" });
    expect(await model.w.item()).toBe(1);
    expect(await optimizer.stateDict()).toEqual(before);
  });

  test("refuses a second step while one is under way", async () => {
    install("reference");
    const { model, loss } = smallProblem();
    const optimizer = new Lbfgs(model, loss);
    const first = optimizer.step();
    await expect(optimizer.step()).rejects.toMatchObject({ code: "optimizer/busy" });
    await first;
    await optimizer.step();
  });

  test("refuses another model's state, and keeps its own", async () => {
    install("reference");
    const { model, loss } = smallProblem();
    const optimizer = new Lbfgs(model, loss);
    await optimizer.step();
    const before = await optimizer.stateDict();
    const other = rosenbrock();
    const others = new Lbfgs(other.model, other.loss);
    await others.step();
    const entries = await others.stateDict();
    expect(() => {
      optimizer.loadStateDict(entries);
    }).toThrow(expect.objectContaining({ code: "optimizer/state-mismatch" }));
    expect(() => {
      optimizer.loadStateDict(new Map());
    }).toThrow(expect.objectContaining({ code: "optimizer/state-mismatch" }));
    expect(await optimizer.stateDict()).toEqual(before);
  });

  test("refuses nonsense", () => {
    const { model, loss } = smallProblem();
    const code = (wrong: string): object => expect.objectContaining({ code: wrong });
    expect(() => new Lbfgs(model, loss, { learningRate: 0 })).toThrow(code("argument/optimizer"));
    expect(() => new Lbfgs(model, loss, { maxIterations: 0.5 })).toThrow(code("argument/optimizer"));
    expect(() => new Lbfgs(model, loss, { changeTolerance: -1 })).toThrow(code("argument/optimizer"));
    expect(() => new Lbfgs({ parameters: () => [] }, loss)).toThrow(code("optimizer/no-parameters"));
  });
});
