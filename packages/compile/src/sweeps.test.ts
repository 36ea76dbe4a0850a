import {
  add,
  addIndex,
  axisIndex,
  divIndex,
  exp,
  flip,
  type IndexExpression,
  matmul,
  modIndex,
  mul,
  neg,
  scaleIndex,
  ScalarBuilder,
  type Shape,
  sizeOf,
  softmax,
  sub,
  sum,
  tanh,
} from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import type { LoopStep, Plan, Sweeping } from "./plan.ts";
import { cell, data, planOf, sweptPlanOf } from "./plan-text.test.support.ts";
import { printPlan } from "./print.ts";
import { findSweeps, type Memory, type SweptOrder } from "./sweeps.ts";

const inRows = { axis: 1, keepDims: true } as const;

/** Where a plan's values lie that some step labelled so writes. */
const placesOf = ({ steps, buffers }: Plan, label: string): unknown[] =>
  steps.flatMap((step) => (step.kind === "loop" && step.label === label ? step.writes.map(({ buffer }) => buffers[buffer]?.place) : []));

describe("plans", () => {
  test("softmax is one sweep, in the place of what it is of", () => {
    const plan = sweptPlanOf(softmax(matmul(data(6, 5), data(5, 20))));
    expect(printPlan(plan)).toMatchInlineSnapshot(`
      "matmul library: constant float32[6, 5], constant float32[5, 20] -> matmul float32[6, 20]
      sweep of 6 rows:
        stopGradient [6] max over [20]: matmul float32[6, 20] -> stopGradient float32[6, 1]
        exp [6, 20]: matmul float32[6, 20], stopGradient float32[6, 1] -> exp float32[6, 20]
        reciprocal [6] sum over [20]: exp float32[6, 20] -> reciprocal float32[6, 1]
        mul [6, 20]: exp float32[6, 20], reciprocal float32[6, 1] -> mul float32[6, 20]
      5 kernels, 3976 bytes moved, 1088 bytes of arena"
    `);
    expect(plan.sweeps).toEqual([{ first: 1, count: 4, rows: 6 }]);
    const [scores] = plan.steps;
    expect(scores?.kind === "library" && plan.buffers[scores.write]?.place).toEqual(placesOf(plan, "mul")[0]);
    expect(placesOf(plan, "exp")).toEqual(placesOf(plan, "mul"));
  });

  test("along an outer axis, rows are what lies outside of it", () => {
    expect(sweptPlanOf(softmax(data(3, 4, 5), { axis: 1 })).sweeps).toEqual([{ first: 0, count: 4, rows: 3 }]);
    expect(sweptPlanOf(softmax(data(4, 5), { axis: 0 })).sweeps).toEqual([]);
  });

  test("are without sweeps where all fits in cache", () => {
    expect(planOf(softmax(data(6, 20))).sweeps).toEqual([]);
    expect(planOf(softmax(data(2000, 1000))).sweeps).toEqual([{ first: 0, count: 4, rows: 2000 }]);
    expect(planOf(softmax(data(400, 5000))).sweeps).toEqual([]);
  });

  test("another row's value ends a sweep", () => {
    const x = data(6, 20);
    const e = exp(neg(mul(x, x)));
    expect(sweptPlanOf(mul(e, sum(e, inRows))).sweeps).toEqual([{ first: 0, count: 3, rows: 6 }]);
    expect(sweptPlanOf(mul(e, flip(sum(e, inRows), 0))).sweeps).toEqual([{ first: 0, count: 2, rows: 6 }]);
  });

  test("nothing is written over a value of which another row is still to be read", () => {
    const same = (read: "own" | "other"): boolean => {
      const v = tanh(matmul(data(6, 5), data(5, 20)));
      const plan = sweptPlanOf(mul(v, tanh(sum(read === "own" ? v : flip(v, 0), inRows))));
      expect(plan.sweeps).toEqual([{ first: 1, count: 2, rows: 6 }]);
      const [product] = plan.steps;
      const [result] = placesOf(plan, "mul");
      return product?.kind === "library" && JSON.stringify(plan.buffers[product.write]?.place) === JSON.stringify(result);
    };
    expect([same("own"), same("other")]).toEqual([true, false]);
  });

  test("nor is a state cell", () => {
    const sweepsOf = (read: "own" | "other"): Plan["sweeps"] => {
      const state = cell("s", 6, 20);
      const old = state.value();
      const m = sum(read === "own" ? old : flip(old, 0), inRows);
      state.assign(mul(old, tanh(m)));
      return sweptPlanOf(m).sweeps;
    };
    expect(sweepsOf("own")).toEqual([{ first: 0, count: 3, rows: 6 }]);
    expect(sweepsOf("other")).toEqual([]);
  });

  test("what a sweep makes is there from its first step on", () => {
    const x = matmul(data(6, 5), data(5, 20));
    const y = matmul(data(6, 5), data(5, 20));
    // Nothing reads x once its rows are added up, and yet no step may write over it: other rows of it are still to be read.
    const w = exp(neg(mul(y, sum(mul(x, y), inRows))));
    const plan = sweptPlanOf(add(mul(w, sum(w, inRows)), y));
    expect(plan.sweeps).toEqual([{ first: 2, count: 4, rows: 6 }]);
    const offsets = plan.buffers.flatMap(({ label, place }) =>
      ["matmul", "mul", "exp"].includes(label) && place.kind === "arena" ? [place.offset] : [],
    );
    expect([offsets.length, new Set(offsets).size]).toEqual([3, 3]);
  });

  test("a gradient of weights makes way for the sweep around it", () => {
    const [x, ct] = [data(6, 20), data(6, 20)];
    const scale = tanh(sum(mul(x, x), inRows));
    const y = mul(x, scale);
    const plan = sweptPlanOf(y, sum(mul(ct, y), { axis: 0 }), sub(ct, mul(y, sum(mul(ct, y), inRows))));
    expect(plan.sweeps).toHaveLength(1);
    const swept = plan.sweeps.flatMap(({ first, count }) => plan.steps.slice(first, first + count));
    const outside = plan.steps.filter((step) => !swept.includes(step));
    expect(outside.map((step) => (step.kind === "loop" ? step.reduce : []))).toEqual([[6]]);
  });
});

describe("the search", () => {
  const s = new ScalarBuilder();
  const rows = 4;
  /** Buffers 0 to 9 are 4 rows of 5 values, of which 9 lies inside 8, 10 to 19 one value for each row; 20 is one for each column. */
  const memory: Memory = {
    buffers: Array.from({ length: 21 }, (_, id) => {
      const shape = id < 10 ? [rows, 5] : id < 20 ? [rows] : [5];
      return { shape, bytes: 4 * sizeOf(shape) };
    }),
    wholeOf: (id) => (id === 9 ? 8 : id),
  };
  const loop = (extents: Shape, reduce: Shape, to: number, reads: readonly (readonly [from: number, at: IndexExpression])[]): LoopStep => {
    const value = reads.map(([, at], i) => s.load(i, "float32", at)).reduce((a, b) => s.call("add", a, b));
    const sums = reduce.length > 0;
    return {
      kind: "loop",
      label: `to ${to}`,
      extents,
      reduce,
      terms: sums ? [{ combine: "sum", value }] : [],
      reads: reads.map(([from]) => from),
      writes: [{ buffer: to, value: sums ? s.accumulator(0, "float32") : value }],
    };
  };
  const place = axisIndex(0, 20);
  const map = (to: number, ...from: readonly number[]): LoopStep =>
    loop(
      [20],
      [],
      to,
      from.map((id) => [id, id < 10 ? place : id < 20 ? divIndex(place, 5) : modIndex(place, 5)]),
    );
  const sumOfRow = (to: number, from: number): LoopStep =>
    loop([rows], [5], to, [[from, addIndex(scaleIndex(axisIndex(0, rows), 5), axisIndex(1, 5))]]);
  const sumOfColumn = (from: number): LoopStep =>
    loop([5], [rows], 20, [[from, addIndex(axisIndex(0, 5), scaleIndex(axisIndex(1, rows), 5))]]);
  const byRow = (to: number, from: number): LoopStep => loop([rows], [], to, [[from, axisIndex(0, rows)]]);
  const search = (steps: readonly LoopStep[], sweeping: Sweeping = { rowBytes: 1 << 14, leastBytes: 0 }): SweptOrder =>
    findSweeps(steps, memory, sweeping);

  test("asks for rows that several steps touch", () => {
    expect(search([sumOfRow(10, 0), byRow(11, 10)]).sweeps).toEqual([]);
    expect(search([sumOfRow(10, 0), map(1, 0, 10)]).sweeps).toEqual([{ first: 0, count: 2, rows }]);
    expect(search([sumOfRow(10, 0), map(1, 0)]).sweeps).toEqual([]);
    expect(search([map(1, 0), map(2, 1)]).sweeps).toEqual([]);
    expect(search([map(1, 0), byRow(11, 10), sumOfRow(12, 1)]).sweeps).toEqual([{ first: 1, count: 2, rows }]);
  });

  test("goes by the bytes of a row, and of all", () => {
    const steps = [sumOfRow(10, 0), map(1, 0, 10)];
    expect(search(steps, { rowBytes: 44, leastBytes: 176 }).sweeps).toHaveLength(1);
    expect(search(steps, { rowBytes: 43, leastBytes: 176 }).sweeps).toEqual([]);
    expect(search(steps, { rowBytes: 44, leastBytes: 177 }).sweeps).toEqual([]);
    // What does not fit any more stays outside.
    expect(search([...steps, map(2, 1)], { rowBytes: 44, leastBytes: 0 }).sweeps).toEqual([{ first: 0, count: 2, rows }]);
  });

  test("moves a step of other rows before, or after if it waits for one of the sweep", () => {
    expect(search([sumOfRow(10, 0), sumOfColumn(0), map(1, 0, 10)])).toEqual({ order: [1, 0, 2], sweeps: [{ first: 1, count: 2, rows }] });
    expect(search([sumOfRow(10, 0), map(2, 0, 10), sumOfColumn(2), map(1, 2)])).toEqual({
      order: [0, 1, 3, 2],
      sweeps: [{ first: 0, count: 3, rows }],
    });
  });

  test("takes in no step that waits for one that moved behind", () => {
    expect(search([sumOfRow(10, 0), map(2, 0, 10), sumOfColumn(2), map(1, 2, 20)])).toEqual({
      order: [0, 1, 2, 3],
      sweeps: [{ first: 0, count: 2, rows }],
    });
  });

  test("keeps the order of what overwrites", () => {
    // 0 is written anew once its columns are added up, or before.
    expect(search([sumOfRow(10, 0), sumOfColumn(0), map(0, 0, 10)])).toEqual({ order: [1, 0, 2], sweeps: [{ first: 1, count: 2, rows }] });
    expect(search([sumOfRow(10, 0), map(0, 0, 10), sumOfColumn(0), map(1, 0)])).toEqual({
      order: [0, 1, 3, 2],
      sweeps: [{ first: 0, count: 3, rows }],
    });
    expect(search([sumOfRow(10, 0), map(1, 0, 10), sumOfColumn(0), map(0, 1)])).toEqual({
      order: [2, 0, 1, 3],
      sweeps: [{ first: 1, count: 3, rows }],
    });
  });

  test("touches nothing by two names that a step writes by one", () => {
    expect(search([sumOfRow(10, 0), map(8, 0, 10), map(1, 8)]).sweeps).toEqual([{ first: 0, count: 3, rows }]);
    expect(search([sumOfRow(10, 0), map(8, 0, 10), map(1, 8, 9)]).sweeps).toEqual([{ first: 0, count: 2, rows }]);
  });
});
