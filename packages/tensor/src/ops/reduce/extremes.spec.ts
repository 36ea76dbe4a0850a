import type { Spec } from "../../op/spec.ts";
import type { argmaxOp, argminOp, maxOp, minOp } from "./extremes.ts";
import { reduced, reduceShapes } from "./reduced.ts";

const cases = [
  ...reduceShapes,
  { x: { x: [3, 0] }, attrs: { axes: [] } },
  { x: { x: [0, 3] }, attrs: { axes: [1] } },
  { x: { x: { shape: [3, 9], dtype: "int32", range: [-99, 99] } }, attrs: { axes: [1] } },
  { x: { x: { shape: [9, 3], dtype: "uint8", range: [0, 255] } }, attrs: { axes: [0] } },
  { x: { x: { shape: [9, 3], dtype: "int8", range: [-128, 127] } }, attrs: { axes: [0] } },
  { x: { x: { shape: [3, 70], dtype: "int8", range: [-128, -1] } }, attrs: { axes: [1] } },
] as const;
const ties = { x: { x: { shape: [3, 17], dtype: "int32", range: [0, 3] } }, attrs: { axes: [1] } } as const;
const rejects = [{ x: { x: [3, 0] }, attrs: { axes: [1] }, code: "shape/empty-reduction" }] as const;

export const maxSpec: Spec<typeof maxOp> = {
  reference: ({ x }, { axes }) => reduced(x, axes, (values) => Math.max(...values)),
  cases,
  rejects,
};
export const minSpec: Spec<typeof minOp> = {
  reference: ({ x }, { axes }) => reduced(x, axes, (values) => Math.min(...values)),
  cases,
  rejects,
};

export const argmaxSpec: Spec<typeof argmaxOp> = {
  reference: ({ x }, { axes }) => reduced(x, axes, (values) => values.indexOf(Math.max(...values))),
  cases: [...cases, ties],
  rejects,
  noGradient: "a position is an integer",
};

export const argminSpec: Spec<typeof argminOp> = {
  reference: ({ x }, { axes }) => reduced(x, axes, (values) => values.indexOf(Math.min(...values))),
  cases: [...cases, ties],
  rejects,
  noGradient: "a position is an integer",
};
