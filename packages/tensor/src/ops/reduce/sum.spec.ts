import type { Spec } from "../../op/spec.ts";
import { reduced, reduceShapes } from "./reduced.ts";
import type { sumOp } from "./sum.ts";

export const sumSpec: Spec<typeof sumOp> = {
  reference: ({ x }, { axes }) =>
    reduced(x, axes, (values) => values.reduce((total, v) => (x.dtype === "int32" ? (total + v) | 0 : total + v), 0)),
  cases: [
    ...reduceShapes,
    { x: { x: [0, 3] }, attrs: { axes: [0] } },
    { x: { x: [3, 0] }, attrs: { axes: [0] } },
    { x: { x: [2, 3] }, attrs: { axes: [] } },
    { x: { x: { shape: [3, 5], dtype: "int32", range: [-2000000000, 2000000000] } }, attrs: { axes: [1] } },
  ],
  rejects: [{ x: { x: { shape: [2], dtype: "bool" } }, attrs: { axes: [0] }, code: "dtype/unsupported" }],
};
