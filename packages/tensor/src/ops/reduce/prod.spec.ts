import type { Spec } from "../../op/spec.ts";
import type { prodOp } from "./prod.ts";
import { reduced, reduceShapes } from "./reduced.ts";

export const prodSpec: Spec<typeof prodOp> = {
  reference: ({ x }, { axes }) =>
    reduced(x, axes, (values) => values.reduce((total, v) => (x.dtype === "int32" ? Math.imul(total, v) : total * v), 1)),
  cases: [
    ...reduceShapes.map(({ x: { x }, attrs }) => ({ x: { x: Array.isArray(x) ? { shape: x, range: [0.5, 1.5] as const } : x }, attrs })),
    { x: { x: { shape: [3, 4], values: [1, 0, 2, 3, 0, 2, 0, 5, 0.5, 2, -1, 3] } }, attrs: { axes: [1] } },
    { x: { x: [0, 3] }, attrs: { axes: [0] } },
    { x: { x: [0, 3] }, attrs: { axes: [1] } },
    { x: { x: [2, 3] }, attrs: { axes: [] } },
    { x: { x: { shape: [3, 5], dtype: "int32", range: [-900, 900] } }, attrs: { axes: [1] } },
  ],
  rejects: [{ x: { x: { shape: [2], dtype: "bool" } }, attrs: { axes: [0] }, code: "dtype/unsupported" }],
};
