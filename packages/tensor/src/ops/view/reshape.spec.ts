import type { Spec } from "../../op/spec.ts";
import type { reshapeOp } from "./reshape.ts";

export const reshapeSpec: Spec<typeof reshapeOp> = {
  reference: ({ x }) => x.data,
  cases: [
    { x: { x: [4, 6] }, attrs: { shape: [2, 12] } },
    { x: { x: [4, 6] }, attrs: { shape: [3, 2, 4] } },
    { x: { x: [2, 3, 4] }, attrs: { shape: [24] } },
    { x: { x: [1] }, attrs: { shape: [] } },
    { x: { x: [] }, attrs: { shape: [1, 1] } },
    { x: { x: [0, 3] }, attrs: { shape: [2, 0, 5] } },
    { x: { x: { shape: [6], dtype: "int32", range: [-9, 9] } }, attrs: { shape: [2, 3] } },
  ],
  rejects: [
    { x: { x: [4] }, attrs: { shape: [3] }, code: "shape/reshape" },
    { x: { x: [4] }, attrs: { shape: [-2, -2] }, code: "shape/reshape" },
  ],
};
