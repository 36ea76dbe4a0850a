import type { Spec } from "../../op/spec.ts";
import { unarySpec } from "../pointwise/unary-spec.ts";
import type { sigmoidOp, softplusOp } from "./sigmoid.ts";

export const sigmoidSpec: Spec<typeof sigmoidOp> = unarySpec((v) => 1 / (1 + Math.exp(-v)), [-6, 6]);

export const softplusSpec: Spec<typeof softplusOp> = {
  reference: ({ x }, { beta, threshold }) => x.data.map((v) => (v * beta > threshold ? v : Math.log1p(Math.exp(v * beta)) / beta)),
  cases: [
    { x: { x: { shape: [4, 33], range: [-6, 6] } }, attrs: { beta: 1, threshold: 20 } },
    { x: { x: { shape: [12], range: [-3, 3] } }, attrs: { beta: 2, threshold: 3 } },
    { x: { x: [0] }, attrs: { beta: 1, threshold: 20 } },
  ],
  rejects: [{ x: { x: { shape: [2], dtype: "int32" } }, attrs: { beta: 1, threshold: 20 }, code: "dtype/unsupported" }],
};
