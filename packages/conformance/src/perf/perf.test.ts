import { Engine } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import { useRuntime } from "@gradus/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cases } from "./cases.ts";
import { drawInputs } from "./draw-inputs.ts";
import { gradusOps } from "./gradus-ops.ts";
import { data } from "./inputs.ts";
import { modelCase } from "./model-case.ts";
import { models } from "./models.ts";
import { type Mode, type PerfCase, speed } from "./perf-case.ts";
import { arrayNamed, prepareCase } from "./prepare-case.ts";
import { programShapes } from "./program-shapes.ts";
import { Cannot, interpret, type Step, valueOf } from "./vocabulary.ts";

const engine = new Engine(new ReferenceBackend());
let before: ReturnType<typeof useRuntime> = null;
beforeAll(() => {
  before = useRuntime(engine);
});
afterAll(async () => {
  useRuntime(before);
  await engine.dispose();
});

describe("the cases", () => {
  test("have names of their own", () => {
    expect(cases.filter(({ name }, i) => cases.findIndex((one) => one.name === name) !== i)).toEqual([]);
  });

  test.each(cases.map((one) => [one.name, one] as const))("%s: shapes fit, and everything named is made", (_, one) => {
    const shapes = programShapes(one);
    const { mode } = one;
    for (const name of namedBy(mode)) expect(shapes.has(name)).toBe(true);
    expect(one.inputs.filter(({ name }, i) => one.inputs.findIndex((other) => other.name === name) !== i)).toEqual([]);
    const read = new Set<string>(one.steps.flatMap(({ args }) => [...args]));
    for (const name of namedBy(mode)) read.add(name);
    expect(one.inputs.filter(({ name }) => !read.has(name))).toEqual([]);
  });

  test("convolutions and matrix products count the operations that their shapes imply", () => {
    const counted = cases.filter(({ work, steps }) => work.unit === "GFLOP/s" && steps.length === 1);
    expect(counted.length).toBeGreaterThan(60);
    for (const { name, work, steps, ...one } of counted) {
      const shapes = programShapes({ steps, ...one });
      const size = (value: string): number => valueOf(shapes, value).reduce((product, extent) => product * extent, 1);
      const [step] = steps;
      if (step === undefined || work.unit !== "GFLOP/s") throw new Error("a case without steps");
      const filter = (weight: readonly number[]): number => weight.slice(1).reduce((product, extent) => product * extent, 1);
      const expected: Readonly<Record<string, () => number>> = {
        matmul: () => size("out") * (size("a") / (size("out") / valueOf(shapes, "out").at(-1)!)),
        conv2d: () => size("out") * filter(valueOf(shapes, "weight")),
        conv1d: () => size("out") * filter(valueOf(shapes, "weight")),
        conv3d: () => size("out") * filter(valueOf(shapes, "weight")),
        convTranspose2d: () => size("x") * filter(valueOf(shapes, "weight")),
        attention: () => 2 * size("query") * (valueOf(shapes, "query")[1] ?? 0),
        conv2dInputGrad: () => size("ct") * filter(valueOf(shapes, "weight")),
        conv2dWeightGrad: () => size("ct") * filter(valueOf(shapes, "out")),
      };
      expect(work.operations, name).toBe(2 * (expected[step.op]?.() ?? 0));
    }
  });

  test("every model of the zoo's kind is there forward and in training", () => {
    for (const name of Object.keys(models))
      expect(cases.map((one) => one.name).filter((title) => title.startsWith(`${name} `))).toEqual([
        `${name} forward batch 1`,
        `${name} forward batch 64`,
        expect.stringMatching(/ training batch (32|64)$/),
      ]);
  });
});

/** The values that a mode takes from the program and its inputs. */
function namedBy(mode: Mode): readonly string[] {
  switch (mode.kind) {
    case "evaluate":
      return mode.outputs;
    case "gradient":
      return [mode.of, mode.cotangent, ...mode.to];
    case "training":
      return [mode.logits, mode.label];
  }
  mode satisfies never;
  return [];
}

describe("speed", () => {
  test("is work over time, in the work's unit", () => {
    expect(speed({ unit: "GFLOP/s", operations: 3e9 }, 1000)).toBe(3);
    expect(speed({ unit: "GB/s", bytes: 2e9 }, 500)).toBe(4);
    expect(speed({ unit: "images/s", images: 64 }, 100)).toBe(640);
  });
});

describe("inputs", () => {
  test("repeat, and lie where they are said to", () => {
    const one = modelCase("resnet20", "training", 3);
    const inputs = drawInputs(one);
    expect(drawInputs(one)).toEqual(inputs);
    const range = (name: string): [number, number] => {
      const { data: values } = arrayNamed(inputs, name);
      return [Math.min(...values), Math.max(...values)];
    };
    const [low, high] = range("stem.conv.weight");
    expect(low).toBeGreaterThanOrEqual(-1 / Math.sqrt(27));
    expect(high).toBeLessThanOrEqual(1 / Math.sqrt(27));
    expect(high - low).toBeGreaterThan(1.8 / Math.sqrt(27));
    expect(range("stem.bn.weight")).toEqual([1, 1]);
    const labels = arrayNamed(inputs, "label").data;
    expect([...labels].every((label) => Number.isInteger(label) && label >= 0 && label < 10)).toBe(true);
  });
});

/** The value a program gives for given numbers. */
async function evaluated(
  steps: readonly Step[],
  inputs: Readonly<Record<string, readonly [shape: number[], values: number[]]>>,
): Promise<number[]> {
  const one: PerfCase = {
    name: "small",
    work: { unit: "GB/s", bytes: 1 },
    tolerance: 1e-5,
    inputs: Object.entries(inputs).map(([name, [shape]]) => data(name, shape)),
    steps,
    mode: { kind: "evaluate", outputs: ["out"] },
  };
  const given = Object.entries(inputs).map(([name, [shape, values]]) => ({ name, shape, data: Float32Array.from(values) }));
  const prepared = prepareCase(one, given);
  await prepared.run();
  const [out] = await prepared.outputs();
  await prepared.release();
  return [...(out?.data ?? [])].map((value) => Number(value.toFixed(5)));
}

describe("the vocabulary in Gradus", () => {
  const x = [
    [1, 2, 2, 2],
    [1, 2, 3, 4, 5, 6, 7, 12],
  ] satisfies [number[], number[]];

  test("batch norm takes each channel's own mean and variance, or those it is given", async () => {
    const ones = { weight: [[2], [1, 2]], bias: [[2], [0, 1]] } satisfies Record<string, [number[], number[]]>;
    const [spread, wide] = [Math.sqrt(1.25), Math.sqrt(7.25)];
    expect(
      await evaluated([{ op: "batchNorm", args: ["x", "weight", "bias"], out: "out", attributes: { epsilon: 0 } }], { x, ...ones }),
    ).toEqual(
      [-1.5, -0.5, 0.5, 1.5]
        .map((v) => Number((v / spread).toFixed(5)))
        .concat([-2.5, -1.5, -0.5, 4.5].map((v) => Number(((2 * v) / wide + 1).toFixed(5)))),
    );
    expect(
      await evaluated(
        [{ op: "batchNormInference", args: ["x", "weight", "bias", "mean", "variance"], out: "out", attributes: { epsilon: 0 } }],
        { x, ...ones, mean: [[2], [1, 5]], variance: [[2], [4, 1]] },
      ),
    ).toEqual([0, 0.5, 1, 1.5, 1, 3, 5, 15]);
  });

  test("layer norm standardises the last axis", async () => {
    expect(
      await evaluated([{ op: "layerNorm", args: ["x", "weight", "bias"], out: "out", attributes: { epsilon: 0 } }], {
        x: [
          [2, 2],
          [1, 3, 10, 30],
        ],
        weight: [[2], [1, 2]],
        bias: [[2], [0, 1]],
      }),
    ).toEqual([-1, 3, -1, 3]);
  });

  test("slices, linear maps and embeddings take what they name", async () => {
    expect(await evaluated([{ op: "slice", args: ["x"], out: "out", attributes: { axis: 1, start: 1, end: 2 } }], { x })).toEqual([
      5, 6, 7, 12,
    ]);
    expect(
      await evaluated([{ op: "linear", args: ["x", "w", "b"], out: "out", attributes: {} }], {
        x: [
          [1, 2],
          [1, 2],
        ],
        w: [
          [3, 2],
          [1, 0, 0, 1, 1, 1],
        ],
        b: [[3], [10, 20, 30]],
      }),
    ).toEqual([11, 22, 33]);
    expect(await evaluated([{ op: "globalAvgPool", args: ["x"], out: "out", attributes: {} }], { x })).toEqual([2.5, 7.5]);
  });

  test("a copy is a copy", async () => {
    expect(await evaluated([{ op: "copy", args: ["x"], out: "out", attributes: {} }], { x })).toEqual(x[1]);
  });
});

test("a program that needs what a library lacks is refused, with the op's name", () => {
  const steps: Step[] = [
    { op: "neg", args: ["x"], out: "y", attributes: {} },
    { op: "erf", args: ["y"], out: "z", attributes: {} },
  ];
  const run = (): unknown => interpret(steps, { neg: (_, x: number) => -x }, new Map([["x", 1]]));
  expect(run).toThrow(Cannot);
  expect(run).toThrow("this harness knows no erf in it");
  expect(() => interpret(steps, { neg: (_, x: number) => -x }, new Map())).toThrow('nothing called "x" has been made');
  expect(Object.keys(gradusOps)).toContain("erf");
});
