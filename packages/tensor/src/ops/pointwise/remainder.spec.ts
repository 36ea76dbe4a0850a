import type { Case, Spec } from "../../op/spec.ts";
import type { fmodOp, remainderOp } from "./remainder.ts";

const whole: Case<typeof fmodOp> = {
  x: { a: { shape: [33], dtype: "int32", range: [-20, 20] }, b: { shape: [33], dtype: "int32", range: [2, 7] } },
  attrs: {},
};
const cases: readonly Case<typeof fmodOp>[] = [
  { x: { a: { shape: [6], values: [5.3, -5.3, 5.3, -5.3, 0.7, -0.7] }, b: { shape: [6], values: [2, 2, -2, -2, 3.1, 3.1] } }, attrs: {} },
  {
    x: { a: { shape: [4, 5], values: Array.from({ length: 20 }, (_, i) => i * 0.83 - 7.7) }, b: { shape: [4, 5], range: [9, 11] } },
    attrs: {},
  },
  whole,
  { x: { a: { shape: [8], dtype: "int32", range: [-20, 20] }, b: { shape: [8], dtype: "int32", range: [-7, -2] } }, attrs: {} },
  { x: { a: { shape: [37], dtype: "int8", range: [-128, 127] }, b: { shape: [37], dtype: "int8", range: [-9, -2] } }, attrs: {} },
  { x: { a: [0], b: [0] }, attrs: {} },
];
const rejects = [
  { x: { a: [2], b: [3] }, attrs: {}, code: "shape/differ" },
  { x: { a: { shape: [2], dtype: "bool" }, b: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/unsupported" },
] as const;

export const remainderSpec: Spec<typeof remainderOp> = {
  reference: ({ a, b }) => a.data.map((v, i) => v - (b.data[i] ?? 1) * Math.floor(v / (b.data[i] ?? 1))),
  cases,
  rejects,
};

export const fmodSpec: Spec<typeof fmodOp> = { reference: ({ a, b }) => a.data.map((v, i) => v % (b.data[i] ?? 1)), cases, rejects };
