import type { Spec } from "../../op/spec.ts";
import type { logAddExpOp } from "./log-add-exp.ts";

export const logAddExpSpec: Spec<typeof logAddExpOp> = {
  reference: ({ a, b }) =>
    a.data.map((v, i) => {
      const w = b.data[i] ?? 0;
      return v === w ? v + Math.LN2 : Math.max(v, w) + Math.log1p(Math.exp(-Math.abs(v - w)));
    }),
  cases: [
    { x: { a: { shape: [4, 9], range: [-6, 6] }, b: { shape: [4, 9], range: [-6, 6] } }, attrs: {} },
    { x: { a: { shape: [3], values: [200, -300, 5] }, b: { shape: [3], values: [201, -310, 5] } }, attrs: {} },
    { x: { a: [], b: [] }, attrs: {} },
    { x: { a: [0, 3], b: [0, 3] }, attrs: {} },
  ],
  rejects: [
    { x: { a: [2], b: [3] }, attrs: {}, code: "shape/differ" },
    { x: { a: { shape: [2], dtype: "int32" }, b: { shape: [2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" },
  ],
};
