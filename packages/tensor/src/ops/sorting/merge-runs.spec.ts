import type { Spec } from "../../op/spec.ts";
import type { mergeRunsOp } from "./merge-runs.ts";

const order = (rows: number, n: number) =>
  ({ shape: [rows, n], dtype: "int32", values: Array.from({ length: rows * n }, (_, i) => i % n) }) as const;

export const mergeRunsSpec: Spec<typeof mergeRunsOp> = {
  reference({ x, order: given }, { run, descending }) {
    const [rows = 0, n = 0] = x.shape;
    return Array.from({ length: rows }, (_, row) => {
      const key = (position: number): number => x.data[row * n + position] ?? 0;
      const compare = (a: number, b: number): number => (descending ? key(b) - key(a) : key(a) - key(b));
      const positions = [...given.data.subarray(row * n, (row + 1) * n)];
      const merged: number[] = [];
      for (let from = 0; from < n; from += 2 * run) merged.push(...positions.slice(from, from + 2 * run).sort(compare));
      return merged;
    }).flat();
  },
  cases: [
    { x: { x: [3, 8], order: order(3, 8) }, attrs: { run: 1, descending: false } },
    { x: { x: [2, 9], order: order(2, 9) }, attrs: { run: 1, descending: true } },
    { x: { x: { shape: [1, 7], values: [1, 2, 5, 0, 2, 4, 9] }, order: order(1, 7) }, attrs: { run: 3, descending: false } },
    { x: { x: { shape: [1, 9], values: [1, 2, 5, 8, 1, 2, 3, 3, -7] }, order: order(1, 9) }, attrs: { run: 4, descending: false } },
    { x: { x: { shape: [1, 6], values: [5, 3, 3, 4, 3, 1] }, order: order(1, 6) }, attrs: { run: 3, descending: true } },
    {
      x: { x: { shape: [1, 5], values: [2, 1, 0, 2, 1] }, order: { shape: [1, 5], dtype: "int32", values: [2, 1, 0, 4, 3] } },
      attrs: { run: 3, descending: false },
    },
    { x: { x: { shape: [2, 5], dtype: "int32", range: [0, 3] }, order: order(2, 5) }, attrs: { run: 1, descending: false } },
    { x: { x: { shape: [2, 5], dtype: "uint8", range: [0, 255] }, order: order(2, 5) }, attrs: { run: 1, descending: true } },
    { x: { x: { shape: [2, 8], dtype: "int8", range: [-128, 127] }, order: order(2, 8) }, attrs: { run: 1, descending: false } },
    { x: { x: [2, 1], order: order(2, 1) }, attrs: { run: 1, descending: false } },
    { x: { x: [2, 0], order: order(2, 0) }, attrs: { run: 1, descending: false } },
    { x: { x: [0, 3], order: order(0, 3) }, attrs: { run: 1, descending: false } },
  ],
  rejects: [
    { x: { x: [3], order: { shape: [3], dtype: "int32" } }, attrs: { run: 1, descending: false }, code: "shape/merge-runs" },
    { x: { x: [1, 3], order: order(1, 2) }, attrs: { run: 1, descending: false }, code: "shape/merge-runs" },
    { x: { x: [1, 3], order: order(1, 3) }, attrs: { run: 0, descending: false }, code: "shape/merge-runs" },
    { x: { x: [1, 3], order: [1, 3] }, attrs: { run: 1, descending: false }, code: "dtype/index" },
  ],
  noGradient: "an order is made of integers",
};
