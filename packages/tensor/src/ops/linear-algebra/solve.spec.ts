import type { Spec } from "../../op/spec.ts";
import { apart, at, matricesIn, shuffled } from "./matrix-cases.ts";
import type { solveOp } from "./solve.ts";

export const solveSpec: Spec<typeof solveOp> = {
  // Gauss and Jordan: every column is cleared above and below its pivot, and the right-hand sides become the solution.
  reference: ({ a, b }) =>
    matricesIn(a).flatMap((matrix, item) => {
      const rows = matrix.map((row, i) => [...row, ...(matricesIn(b)[item]?.[i] ?? [])]);
      for (let j = 0; j < rows.length; j++) {
        const order = rows.map((_, i) => i).slice(j);
        const pivot = order.reduce((best, i) => (Math.abs(at(rows, i, j)) > Math.abs(at(rows, best, j)) ? i : best), j);
        [rows[j], rows[pivot]] = [rows[pivot] ?? [], rows[j] ?? []];
        const lead = (rows[j] ?? []).map((value) => value / at(rows, j, j));
        rows.forEach((row, i) => (rows[i] = i === j ? lead : row.map((value, c) => value - (row[j] ?? 0) * (lead[c] ?? 0))));
      }
      return rows.flatMap((row) => row.slice(rows.length));
    }),
  cases: [
    { x: { a: apart(3, 3), b: [3, 2] }, attrs: {} },
    { x: { a: shuffled(4, 4), b: [4, 1] }, attrs: {} },
    { x: { a: shuffled(2, 2, 3, 3), b: [2, 2, 3, 3] }, attrs: {} },
    { x: { a: shuffled(11, 11), b: [11, 3] }, attrs: {} },
    { x: { a: { shape: [2, 2], values: [0, 1, 2, 0] }, b: [2, 1] }, attrs: {} },
    { x: { a: apart(1, 1), b: [1, 1] }, attrs: {} },
    { x: { a: [2, 2], b: [2, 0] }, attrs: {} },
    { x: { a: [0, 0], b: [0, 2] }, attrs: {} },
    { x: { a: [0, 2, 2], b: [0, 2, 1] }, attrs: {} },
  ],
  rejects: [
    { x: { a: [3, 2], b: [3, 1] }, attrs: {}, code: "shape/square" },
    { x: { a: [3, 3], b: [2, 1] }, attrs: {}, code: "shape/system" },
    { x: { a: [2, 3, 3], b: [3, 1] }, attrs: {}, code: "shape/system" },
    { x: { a: [3], b: [3, 1] }, attrs: {}, code: "shape/matrix" },
    { x: { a: [2, 2], b: { shape: [2, 1], dtype: "float16" } }, attrs: {}, code: "dtype/mixed" },
    { x: { a: { shape: [2, 2], dtype: "int32" }, b: [2, 1] }, attrs: {}, code: "dtype/unsupported" },
  ],
};
