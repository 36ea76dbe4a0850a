import type { Spec } from "../../op/spec.ts";
import type { argsortOp } from "./argsort.ts";

export const argsortSpec: Spec<typeof argsortOp> = {
  reference({ x }, { descending }) {
    const [rows = 0, n = 0] = x.shape;
    return Array.from({ length: rows }, (_, row) => {
      const values = x.data.subarray(row * n, (row + 1) * n);
      const compare = (a: number, b: number): number => {
        if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
        return Number(a > b) - Number(a < b);
      };
      return Array.from(values, (_value, i) => i).sort((a, b) => (descending ? -1 : 1) * compare(values[a] ?? 0, values[b] ?? 0));
    }).flat();
  },
  cases: [
    { x: { x: [3, 8] }, attrs: { descending: false } },
    { x: { x: [2, 9] }, attrs: { descending: true } },
    { x: { x: { shape: [1, 9], values: [5, -3, 3, 0, -0, Infinity, -3, -Infinity, 3] } }, attrs: { descending: false } },
    { x: { x: { shape: [1, 9], values: [5, -3, 3, -0, 0, Infinity, -3, -Infinity, 3] } }, attrs: { descending: true } },
    { x: { x: { shape: [2, 5], values: [1, Number.NaN, 0, -Number.NaN, Infinity, 2, 1, 0, -1, -2] } }, attrs: { descending: false } },
    { x: { x: { shape: [1, 5], values: [1, Number.NaN, 0, -Number.NaN, Infinity] } }, attrs: { descending: true } },
    {
      x: { x: { shape: [1, 6], dtype: "int32", values: [2 ** 31 - 1, -(2 ** 31), 0, -1, 1, -(2 ** 31)] } },
      attrs: { descending: false },
    },
    { x: { x: { shape: [2, 300], dtype: "int32", range: [-3, 3] } }, attrs: { descending: true } },
    { x: { x: [3, 64] }, attrs: { descending: false } },
    { x: { x: [3, 65] }, attrs: { descending: false } },
    { x: { x: [100, 3] }, attrs: { descending: true } },
    { x: { x: [2, 256] }, attrs: { descending: true } },
    { x: { x: [2, 257] }, attrs: { descending: false } },
    { x: { x: [1, 1100] }, attrs: { descending: false } },
    { x: { x: { shape: [1, 1100], dtype: "int32", range: [-1e9, 1e9] } }, attrs: { descending: true } },
    { x: { x: [2, 1] }, attrs: { descending: false } },
    { x: { x: [2, 0] }, attrs: { descending: false } },
    { x: { x: [0, 3] }, attrs: { descending: false } },
  ],
  rejects: [
    { x: { x: [3] }, attrs: { descending: false }, code: "shape/argsort" },
    { x: { x: { shape: [1, 3], dtype: "uint8" } }, attrs: { descending: false }, code: "dtype/unsupported" },
  ],
  noGradient: "an order is made of integers",
};
