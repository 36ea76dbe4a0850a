import type { Spec } from "../../op/spec.ts";
import { viewed } from "./coordinates.ts";
import type { replicateEdgeOp } from "./replicate-edge.ts";

export const replicateEdgeSpec: Spec<typeof replicateEdgeOp> = {
  reference: ({ x }, { axis, before }, out) =>
    viewed(x, out, (at) => at.with(axis, Math.min(Math.max((at[axis] ?? 0) - before, 0), (x.shape[axis] ?? 1) - 1))),
  cases: [
    { x: { x: [5] }, attrs: { axis: 0, before: 2, after: 1 } },
    { x: { x: [3, 4] }, attrs: { axis: 0, before: 0, after: 3 } },
    { x: { x: [2, 2, 37] }, attrs: { axis: 2, before: 1, after: 1 } },
    { x: { x: [3, 1] }, attrs: { axis: 1, before: 4, after: 2 } },
    { x: { x: [0, 2] }, attrs: { axis: 1, before: 1, after: 0 } },
    { x: { x: { shape: [4], dtype: "int32", range: [-9, 9] } }, attrs: { axis: 0, before: 1, after: 1 } },
  ],
  rejects: [
    { x: { x: [0] }, attrs: { axis: 0, before: 1, after: 0 }, code: "shape/pad" },
    { x: { x: [3] }, attrs: { axis: 0, before: -1, after: 0 }, code: "shape/pad" },
  ],
};
