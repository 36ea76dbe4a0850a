import type { Spec } from "../../op/spec.ts";
import { sizeOf } from "../../shape.ts";
import type { indexSelectOp } from "./index-select.ts";

export const indexSelectSpec: Spec<typeof indexSelectOp> = {
  reference({ x, index }) {
    const [rows = 1, ...inner] = x.shape;
    const width = sizeOf(inner);
    return [...index.data].flatMap((row) => {
      const from = Math.min(Math.max(row, 0), rows - 1) * width;
      return [...x.data.subarray(from, from + width)];
    });
  },
  cases: [
    { x: { x: [7, 5], index: { shape: [9], dtype: "int32", range: [0, 6] } }, attrs: {} },
    { x: { x: [4, 2, 3], index: { shape: [2, 3], dtype: "int32", range: [0, 3] } }, attrs: {} },
    { x: { x: [6], index: { shape: [], dtype: "int32", range: [0, 5] } }, attrs: {} },
    { x: { x: [3, 2], index: { shape: [4], dtype: "int32", values: [-1, 0, 2, 99] } }, attrs: {} },
    { x: { x: [3, 2], index: { shape: [0], dtype: "int32" } }, attrs: {} },
    { x: { x: [3, 0], index: { shape: [2], dtype: "int32", range: [0, 2] } }, attrs: {} },
    { x: { x: [0, 2], index: { shape: [0], dtype: "int32" } }, attrs: {} },
    { x: { x: { shape: [3, 2], dtype: "uint8", range: [0, 255] }, index: { shape: [5], dtype: "int32", range: [0, 2] } }, attrs: {} },
  ],
  rejects: [
    { x: { x: [3], index: [2] }, attrs: {}, code: "dtype/index" },
    { x: { x: [], index: { shape: [2], dtype: "int32" } }, attrs: {}, code: "shape/index-select" },
    { x: { x: [0, 2], index: { shape: [1], dtype: "int32" } }, attrs: {}, code: "shape/index-empty" },
  ],
};
