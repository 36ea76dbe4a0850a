import { buildPlan, type LoopStep, readProgram } from "@gradus/compile";
import { add, argmax, argmin, fromHost, max, min, mul, relu, sum, type Tensor } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { wasmFeatures } from "../features.ts";
import { foundOnce } from "./found-once.ts";
import { referenceStep, runStep } from "./run-step.test.harness.ts";

const levels = (["relaxed", "simd", "scalar"] as const).filter((level) => level !== "relaxed" || wasmFeatures().relaxedSimd);

/** Small whole numbers with many ties, zeros of both signs, a row and a column with a NaN, and one of infinities. */
function data(rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    if ((row === 1 && column === columns - 2) || (column === 2 && row === rows - 1)) return Number.NaN;
    if (row === 2) return Number.NEGATIVE_INFINITY;
    return row === 0 ? (i % 3 === 0 ? -0 : 0) : ((i * 37) % 23) - 11;
  });
}

const cases: readonly (readonly [name: string, terms: number, f: (x: Tensor, y: Tensor) => readonly Tensor[]])[] = [
  ["the largest of columns and its place", 1, (x) => [max(x, { axis: 0 }), argmax(x, { axis: 0 })]],
  ["the place of the largest of rows, and a function of it", 1, (x) => [argmax(x, { axis: 1 }), relu(add(max(x, { axis: 1 }), 1))]],
  ["the smallest of rows and its place", 1, (x) => [min(x, { axis: 1 }), argmin(x, { axis: 1 })]],
  ["the places of the largest and the smallest of rows", 2, (x) => [argmax(x, { axis: 1 }), argmin(x, { axis: 1 })]],
  ["two sums of rows", 2, (x, y) => [sum(x, { axis: 1 }), sum(mul(x, y), { axis: 1 })]],
  ["two sums of columns", 2, (x, y) => [sum(mul(x, y), { axis: 0 }), sum(x, { axis: 0 })]],
  ["three reductions of columns", 3, (x, y) => [sum(x, { axis: 0 }), max(x, { axis: 0 }), min(mul(x, y), { axis: 0 })]],
];

describe.each(levels)("at level %s", (level) => {
  test.each(cases)("%s: one kernel that gives what float64 gives", (_, terms, f) => {
    for (const [rows, columns] of [
      [9, 83],
      [70, 260],
    ] as const) {
      const [x, y] = [data(rows, columns), data(rows, columns).map((value) => value / 2 + 1)];
      const program = readProgram([...f(fromHost([rows, columns], "float32", x), fromHost([rows, columns], "float32", y))], []);
      const { steps, buffers } = buildPlan(program);
      const kernels = steps.filter((step): step is LoopStep => step.kind === "loop");
      expect(kernels.length).toBe(1);
      for (const step of kernels) {
        expect(foundOnce(step).terms.length).toBe(terms);
        const inputs = program.leaves.map(({ host }) => host ?? []);
        const given = { step, buffers, inputs: step.reads.map((id) => Float32Array.from(inputs[id] ?? [])) };
        for (let last = 0; last < step.reads.length + step.writes.length; last++) {
          const got = runStep(given, { level, last, tileWork: 3000 });
          const want = referenceStep(given);
          got.forEach((values, i) => expect(Array.from(values, rounded)).toEqual(Array.from(want[i] ?? [], rounded)));
        }
      }
    }
  });
});

/** Sums of these are exact, so that only the sign of zero is left open. */
function rounded(value: number): number {
  return Math.fround(value) + 0;
}
