import type { Spec } from "../../op/spec.ts";
import type { eluOp, leakyReluOp, reluOp } from "./rectifiers.ts";

const integer = { shape: [2], dtype: "int32" } as const;

export const reluSpec: Spec<typeof reluOp> = {
  reference: ({ x }) => x.data.map((v) => Math.max(v, 0)),
  cases: [
    { x: { x: [4, 33] }, attrs: {} },
    { x: { x: [] }, attrs: {} },
    { x: { x: { shape: [9], dtype: "int32", range: [-5, 5] } }, attrs: {} },
    { x: { x: [2, 0] }, attrs: {} },
  ],
  rejects: [{ x: { x: { shape: [2], dtype: "bool" } }, attrs: {}, code: "dtype/unsupported" }],
};

export const leakyReluSpec: Spec<typeof leakyReluOp> = {
  reference: ({ x }, { negativeSlope }) => x.data.map((v) => (v > 0 ? v : negativeSlope * v)),
  cases: [
    ...[0.01, 0.2, -0.5].map((negativeSlope) => ({ x: { x: [4, 9] }, attrs: { negativeSlope } })),
    { x: { x: [2, 0] }, attrs: { negativeSlope: 0.2 } },
  ],
  rejects: [{ x: { x: integer }, attrs: { negativeSlope: 0.1 }, code: "dtype/unsupported" }],
};

export const eluSpec: Spec<typeof eluOp> = {
  reference: ({ x }, { alpha }) => x.data.map((v) => (v > 0 ? v : alpha * Math.expm1(v))),
  cases: [
    ...[1, 0.5, -0.5].map((alpha) => ({ x: { x: { shape: [4, 9], range: [-3, 3] } }, attrs: { alpha } }) as const),
    { x: { x: [2, 0] }, attrs: { alpha: 1 } },
  ],
  rejects: [{ x: { x: integer }, attrs: { alpha: 1 }, code: "dtype/unsupported" }],
};
