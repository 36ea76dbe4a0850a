import { compile, Engine, type LoopStep, type Plan } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import {
  argmax,
  avgPool2d,
  concat,
  fromHost,
  type HostData,
  hostArray,
  interpolate,
  max,
  maxPool2d,
  mul,
  narrow,
  neg,
  pad,
  sizeOf,
  sum,
  type Tensor,
  useRuntime,
  vjp,
} from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { wasmFeatures } from "../features.ts";
import { innerBody } from "./bodies.ts";
import { rowParts } from "./row-parts.ts";
import { sectionsOf } from "./sections.ts";
import { referenceStep, runStep } from "./run-step.test.harness.ts";
import { LoopShape } from "./shape.ts";

const levels = (["relaxed", "simd", "scalar"] as const).filter((level) => level !== "relaxed" || wasmFeatures().relaxedSimd);

/** The loop steps that a function of a tensor of this shape, and its gradient, come to. */
function planOf(shape: readonly number[], f: (x: Tensor) => Tensor): Plan {
  useRuntime(new Engine(new ReferenceBackend()));
  const x = fromHost(shape, "float32", new Float32Array(sizeOf(shape)));
  const step = compile((given: Tensor) => {
    const { value: output, pullback } = vjp(f, [given]);
    return output.dtype === "float32" ? [output, ...pullback(output)] : [output];
  });
  step(x);
  const [plan] = step.plans;
  if (plan === undefined) throw new Error("no plan was made");
  return plan;
}

function dataOf({ buffers }: Plan, id: number): HostData {
  const { dtype = "float32", shape = [] } = buffers[id] ?? {};
  const data = hostArray(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = dtype === "float32" ? ((i * 37) % 23) - 11 : (i * 7) % 9;
  return data;
}

const cases: readonly (readonly [name: string, shape: readonly number[], f: (x: Tensor) => Tensor])[] = [
  ["padded max pool", [2, 3, 42, 50], (x) => maxPool2d(x, 3, { stride: 2, padding: 1 })],
  ["padded max pool of narrow rows", [4, 1, 20, 9], (x) => maxPool2d(x, 3, { stride: 1, padding: 1 })],
  ["padded average pool", [3, 2, 25, 41], (x) => avgPool2d(x, 3, { stride: 2, padding: 1, countIncludePad: false })],
  ["overlapping average pool", [2, 2, 41, 41], (x) => avgPool2d(x, 3, { stride: 2 })],
  ["average pool rounded up", [2, 2, 30, 44], (x) => avgPool2d(x, 3, { stride: 2, ceilMode: true })],
  ["sums of columns", [5, 70, 203], (x) => sum(x, { axis: 1 })],
  ["largest of columns", [70, 1030], (x) => max(x, { axis: 0 })],
  ["where columns are largest", [67, 270], (x) => argmax(x, { axis: 0 })],
  ["where rows are largest", [6, 1000], (x) => argmax(x, { axis: 1 })],
  ["an image twice as large", [2, 3, 5, 28], (x) => interpolate(x, { scaleFactor: 2, mode: "bilinear" })],
  ["an image twice as large, of rows that vectors do not fill", [3, 2, 4, 22], (x) => interpolate(x, { scaleFactor: 2, mode: "bicubic" })],
  ["an image four times as large", [2, 2, 3, 14], (x) => interpolate(x, { scaleFactor: 4, mode: "bilinear" })],
  ["pixels four times as large", [2, 3, 13], (x) => interpolate(x, { scaleFactor: 4 })],
  ["an image three times as large", [2, 2, 3, 17], (x) => interpolate(x, { scaleFactor: 3, mode: "bilinear" })],
  ["an image half as large", [2, 2, 6, 34], (x) => interpolate(x, { scaleFactor: 0.5, mode: "bilinear" })],
  ["columns joined", [6, 24], (x) => concat([x, mul(x, 2), narrow(x, 1, 4, 8)], { axis: 1 })],
  ["columns joined where no vector begins", [70, 37], (x) => concat([narrow(x, 1, 0, 5), x, mul(x, 3), narrow(x, 1, 2, 6)], { axis: 1 })],
  ["long rows joined", [3, 1500], (x) => concat([mul(x, 2), narrow(x, 1, 7, 999), x], { axis: 1 })],
  ["channels joined", [3, 5, 19], (x) => concat([x, mul(x, 2), narrow(x, 1, 1, 2)], { axis: 1 })],
  [
    "replicated edges",
    [3, 5, 19],
    (x) =>
      mul(
        pad(
          x,
          [
            [1, 2],
            [3, 2],
          ],
          { mode: "replicate" },
        ),
        2,
      ),
  ],
];

describe.each(levels)("at level %s", (level) => {
  test.each(cases)("%s, forward and backward, is what float64 gives and reads nothing but its buffers", (_, shape, f) => {
    const plan = planOf(shape, f);
    for (const step of plan.steps.filter((each): each is LoopStep => each.kind === "loop")) {
      const inputs = step.reads.map((id) => dataOf(plan, id));
      for (let last = 0; last < step.reads.length + step.writes.length; last++) {
        const given = { step, buffers: plan.buffers, inputs };
        const got = runStep(given, { level, last, tileWork: 3000 });
        const want = referenceStep(given);
        got.forEach((values, i) => expect(differing(values, want[i] ?? []), step.label).toBe(-1));
      }
    }
  });
});

test("most of a padded pool's planes are read without clamps, and their cores without questions", () => {
  const plan = planOf([2, 3, 42, 50], (x) => maxPool2d(x, 3, { stride: 2, padding: 1 }));
  const [pool] = plan.steps.filter((each): each is LoopStep => each.kind === "loop");
  if (pool === undefined) throw new Error("no loop");
  const inner = innerBody(new LoopShape(pool, { buffers: plan.buffers, tileWork: 60_000, math: () => expect.fail("no functions") }));
  expect(inner).toMatchObject({
    first: 1,
    count: 5,
    core: {
      ranges: [
        { low: 0, high: 6 },
        { low: 1, high: 21 },
        { low: 4, high: 25 },
      ],
    },
  });
});

test("pieces of a join are copied run by run, along whatever axis", () => {
  const runsOf = (f: (x: Tensor) => Tensor): ReturnType<typeof sectionsOf> => {
    const plan = planOf([2, 8, 20], f);
    const [step] = plan.steps.filter((each): each is LoopStep => each.kind === "loop");
    if (step === undefined) throw new Error("no loop");
    return sectionsOf(new LoopShape(step, { buffers: plan.buffers, tileWork: 60_000, math: () => expect.fail("no functions") }));
  };
  const runs = (...bounds: number[]): unknown => bounds.slice(1).map((high, i) => ({ low: bounds[i], high }));
  expect(runsOf((x) => concat([x, neg(x), narrow(x, 2, 3, 4)], { axis: 2 }))).toMatchObject({ axis: 1, runs: runs(0, 20, 40, 44) });
  expect(runsOf((x) => concat([x, neg(x)], { axis: 1 }))).toMatchObject({ runs: runs(0, 8, 16) });
  expect(runsOf((x) => mul(x, 2))).toBeNull();
});

test("a row enlarged is taken apart: by remainders of its columns, and at its edges; one without either is not", () => {
  const partsOf = (f: (x: Tensor) => Tensor): ReturnType<typeof rowParts> => {
    const plan = planOf([2, 3, 4, 28], f);
    const [step] = plan.steps.filter((each): each is LoopStep => each.kind === "loop");
    if (step === undefined) throw new Error("no loop");
    return rowParts(new LoopShape(step, { buffers: plan.buffers, tileWork: 60_000, math: () => expect.fail("no functions") }));
  };
  expect(partsOf((x) => interpolate(x, { scaleFactor: 2, mode: "bilinear" }))).toMatchObject({ apart: 2, end: 24 });
  expect(partsOf((x) => interpolate(x, { scaleFactor: 4, mode: "bicubic" }))).toMatchObject({ apart: 4, end: 24 });
  expect(partsOf((x) => pad(x, [[2, 2]], { mode: "replicate" }))).toMatchObject({ apart: 1, end: 28 });
  expect(partsOf((x) => mul(x, 2))).toBeNull();
});

/** The first element that differs by more than rounding; -1 if none does. */
function differing(got: ArrayLike<number>, want: ArrayLike<number>): number {
  for (let i = 0; i < want.length; i++)
    if (!(Math.abs((got[i] ?? Number.NaN) - (want[i] ?? 0)) <= 1e-5 * (1 + Math.abs(want[i] ?? 0)))) return i;
  return -1;
}
