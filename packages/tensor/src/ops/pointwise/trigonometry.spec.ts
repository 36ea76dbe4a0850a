import type { Spec } from "../../op/spec.ts";
import type { acosOp, asinOp, atan2Op, atanOp, cosOp, sinOp, tanOp } from "./trigonometry.ts";
import { unarySpec } from "./unary-spec.ts";

export const sinSpec: Spec<typeof sinOp> = unarySpec(Math.sin, [-7, 7]);
export const cosSpec: Spec<typeof cosOp> = unarySpec(Math.cos, [-7, 7]);
export const tanSpec: Spec<typeof tanOp> = unarySpec(Math.tan, [-1.2, 1.2]);
export const asinSpec: Spec<typeof asinOp> = unarySpec(Math.asin, [-0.9, 0.9]);
export const acosSpec: Spec<typeof acosOp> = unarySpec(Math.acos, [-0.9, 0.9]);
export const atanSpec: Spec<typeof atanOp> = unarySpec(Math.atan, [-5, 5]);

export const atan2Spec: Spec<typeof atan2Op> = {
  reference: ({ a, b }) => a.data.map((v, i) => Math.atan2(v, b.data[i] ?? 0)),
  cases: [
    { x: { a: { shape: [4, 9], range: [0.2, 2] }, b: { shape: [4, 9], range: [-2, 2] } }, attrs: {} },
    { x: { a: { shape: [7], range: [-2, -0.2] }, b: { shape: [7], range: [-2, 2] } }, attrs: {} },
    { x: { a: [0], b: [0] }, attrs: {} },
  ],
  rejects: [
    { x: { a: [2], b: [3] }, attrs: {}, code: "shape/differ" },
    { x: { a: { shape: [2], dtype: "int32" }, b: { shape: [2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" },
  ],
};
