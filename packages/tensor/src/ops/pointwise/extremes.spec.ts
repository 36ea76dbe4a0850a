import type { Case, Spec } from "../../op/spec.ts";
import type { clampOp, hardtanhOp, maximumOp, minimumOp } from "./extremes.ts";

const whole = { dtype: "int32", range: [-9, 9] } as const;
const pairs: readonly Case<typeof maximumOp>[] = [
  { x: { a: [4, 9], b: [4, 9] }, attrs: {} },
  { x: { a: { shape: [7], ...whole }, b: { shape: [7], ...whole } }, attrs: {} },
  { x: { a: { shape: [17], dtype: "int8", range: [-128, 127] }, b: { shape: [17], dtype: "int8", range: [-128, 127] } }, attrs: {} },
  { x: { a: [], b: [] }, attrs: {} },
  { x: { a: [3, 0], b: [3, 0] }, attrs: {} },
];
const rejects = [
  { x: { a: [2], b: [3] }, attrs: {}, code: "shape/differ" },
  { x: { a: { shape: [2], dtype: "bool" }, b: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/unsupported" },
] as const;

export const maximumSpec: Spec<typeof maximumOp> = {
  reference: ({ a, b }) => a.data.map((v, i) => Math.max(v, b.data[i] ?? 0)),
  cases: pairs,
  rejects,
};

export const minimumSpec: Spec<typeof minimumOp> = {
  reference: ({ a, b }) => a.data.map((v, i) => Math.min(v, b.data[i] ?? 0)),
  cases: pairs,
  rejects,
};

export const clampSpec: Spec<typeof clampOp> = {
  reference: ({ x }, { min, max }) => x.data.map((v) => Math.min(Math.max(v, min), max)),
  cases: [
    { x: { x: [4, 9] }, attrs: { min: -0.37, max: 0.61 } },
    { x: { x: [33] }, attrs: { min: 0.25, max: Infinity } },
    { x: { x: [9] }, attrs: { min: -Infinity, max: 0.25 } },
    { x: { x: [5] }, attrs: { min: 0.5, max: -0.5 } },
    { x: { x: { shape: [9], ...whole } }, attrs: { min: -3, max: 4 } },
    { x: { x: [0, 3] }, attrs: { min: 0, max: 1 } },
  ],
  rejects: [{ x: { x: { shape: [2], dtype: "bool" } }, attrs: { min: 0, max: 1 }, code: "dtype/unsupported" }],
};

export const hardtanhSpec: Spec<typeof hardtanhOp> = {
  reference: ({ x }, { min, max }) => x.data.map((v) => Math.min(Math.max(v, min), max)),
  cases: [
    { x: { x: { shape: [4, 9], range: [-3, 3] } }, attrs: { min: -1, max: 1 } },
    { x: { x: { shape: [33], range: [-3, 9] } }, attrs: { min: 0, max: 6 } },
    { x: { x: [0] }, attrs: { min: -1, max: 1 } },
  ],
  rejects: [{ x: { x: { shape: [2], dtype: "int32" } }, attrs: { min: 0, max: 1 }, code: "dtype/unsupported" }],
};
