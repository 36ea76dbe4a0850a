import type { Spec } from "../../op/spec.ts";
import type { whereOp } from "./where.ts";

const coin = { dtype: "bool", range: [0, 1] } as const;

export const whereSpec: Spec<typeof whereOp> = {
  reference: ({ condition, a, b }) => condition.data.map((c, i) => (c !== 0 ? a : b).data[i] ?? 0),
  cases: [
    { x: { condition: { shape: [4, 9], ...coin }, a: [4, 9], b: [4, 9] }, attrs: {} },
    {
      x: {
        condition: { shape: [5], ...coin },
        a: { shape: [5], dtype: "int32", range: [-9, 9] },
        b: { shape: [5], dtype: "int32", range: [-9, 9] },
      },
      attrs: {},
    },
    { x: { condition: { shape: [], ...coin }, a: [], b: [] }, attrs: {} },
    { x: { condition: { shape: [0, 2], ...coin }, a: [0, 2], b: [0, 2] }, attrs: {} },
  ],
  rejects: [
    { x: { condition: [2], a: [2], b: [2] }, attrs: {}, code: "dtype/unsupported" },
    { x: { condition: { shape: [2], ...coin }, a: [2], b: { shape: [2], dtype: "int32" } }, attrs: {}, code: "dtype/differ" },
    { x: { condition: { shape: [3], ...coin }, a: [2], b: [2] }, attrs: {}, code: "shape/differ" },
  ],
};
