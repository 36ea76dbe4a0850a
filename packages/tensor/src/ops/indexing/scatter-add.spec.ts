import type { Spec } from "../../op/spec.ts";
import { sizeOf } from "../../shape.ts";
import type { scatterAddOp } from "./scatter-add.ts";

export const scatterAddSpec: Spec<typeof scatterAddOp> = {
  reference({ index, updates }, { rows }, { shape }) {
    const y = new Float64Array(sizeOf(shape));
    const width = sizeOf(shape.slice(1));
    index.data.forEach((row, i) => {
      const to = Math.min(Math.max(row, 0), rows - 1) * width;
      for (let j = 0; j < width; j++) y[to + j]! += updates.data[i * width + j] ?? 0;
    });
    return y;
  },
  cases: [
    { x: { index: { shape: [9], dtype: "int32", range: [0, 6] }, updates: [9, 5] }, attrs: { rows: 7 } },
    { x: { index: { shape: [64], dtype: "int32", range: [0, 3] }, updates: [64] }, attrs: { rows: 4 } },
    { x: { index: { shape: [6], dtype: "int32", range: [0, 1] }, updates: [6, 2, 3] }, attrs: { rows: 3 } },
    { x: { index: { shape: [4], dtype: "int32", values: [-1, 0, 2, 99] }, updates: [4, 33] }, attrs: { rows: 3 } },
    { x: { index: { shape: [0], dtype: "int32" }, updates: [0, 4] }, attrs: { rows: 3 } },
    { x: { index: { shape: [2], dtype: "int32", range: [0, 2] }, updates: [2, 0] }, attrs: { rows: 3 } },
    { x: { index: { shape: [0], dtype: "int32" }, updates: [0, 4] }, attrs: { rows: 0 } },
  ],
  rejects: [
    { x: { index: [2], updates: [2, 3] }, attrs: { rows: 3 }, code: "dtype/index" },
    { x: { index: { shape: [2], dtype: "int32" }, updates: [3, 3] }, attrs: { rows: 3 }, code: "shape/scatter-add" },
    {
      x: { index: { shape: [2], dtype: "int32" }, updates: { shape: [2], dtype: "int32" } },
      attrs: { rows: 3 },
      code: "dtype/unsupported",
    },
    { x: { index: { shape: [2], dtype: "int32" }, updates: [2] }, attrs: { rows: 0 }, code: "shape/scatter-rows" },
  ],
};
