import { isFloat } from "../../dtype.ts";
import type { Spec } from "../../op/spec.ts";
import type { cbrtOp, powOp, reciprocalOp, rsqrtOp, sqrtOp, squareOp } from "./power.ts";
import { unarySpec } from "./unary-spec.ts";

export const powSpec: Spec<typeof powOp> = {
  reference: ({ a, b }) => a.data.map((v, i) => (v === 1 ? 1 : v ** (b.data[i] ?? 0))),
  cases: [
    { x: { a: { shape: [4, 9], range: [0.2, 3] }, b: { shape: [4, 9], range: [-2, 3] } }, attrs: {} },
    { x: { a: { shape: [], range: [0.5, 2] }, b: [] }, attrs: {} },
    { x: { a: [0], b: [0] }, attrs: {} },
  ],
  rejects: [
    { x: { a: [2], b: [3] }, attrs: {}, code: "shape/differ" },
    { x: { a: { shape: [2], dtype: "int32" }, b: { shape: [2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" },
  ],
};

export const sqrtSpec: Spec<typeof sqrtOp> = unarySpec(Math.sqrt, [0.1, 4]);
export const rsqrtSpec: Spec<typeof rsqrtOp> = unarySpec((v) => 1 / Math.sqrt(v), [0.1, 4]);
export const reciprocalSpec: Spec<typeof reciprocalOp> = unarySpec((v) => 1 / v, [0.25, 4]);
export const cbrtSpec: Spec<typeof cbrtOp> = unarySpec(Math.cbrt, [0.1, 8]);

export const squareSpec: Spec<typeof squareOp> = {
  reference: ({ x }) => x.data.map((v) => (isFloat(x.dtype) ? v * v : Math.imul(v, v))),
  cases: [
    { x: { x: [4, 9] }, attrs: {} },
    { x: { x: { shape: [5], dtype: "int32", range: [-100000, 100000] } }, attrs: {} },
    { x: { x: [0, 2] }, attrs: {} },
  ],
  rejects: [{ x: { x: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/unsupported" }],
};
