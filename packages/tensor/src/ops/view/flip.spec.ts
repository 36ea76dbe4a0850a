import type { Spec } from "../../op/spec.ts";
import { viewed } from "./coordinates.ts";
import type { flipOp } from "./flip.ts";

export const flipSpec: Spec<typeof flipOp> = {
  reference: ({ x }, { axes }, out) =>
    viewed(x, out, (at) => at.map((i, axis) => (axes.includes(axis) ? (x.shape[axis] ?? 1) - 1 - i : i))),
  cases: [
    { x: { x: [7] }, attrs: { axes: [0] } },
    { x: { x: [2, 3, 4] }, attrs: { axes: [0, 2] } },
    { x: { x: [4, 33] }, attrs: { axes: [1] } },
    { x: { x: [3] }, attrs: { axes: [] } },
    { x: { x: [0, 3] }, attrs: { axes: [0, 1] } },
  ],
  rejects: [{ x: { x: [3] }, attrs: { axes: [1] }, code: "shape/flip" }],
};
