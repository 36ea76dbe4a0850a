import type { Spec } from "../../op/spec.ts";
import { viewed } from "./coordinates.ts";
import type { expandOp } from "./expand.ts";

export const expandSpec: Spec<typeof expandOp> = {
  reference: ({ x }, _, out) =>
    viewed(x, out, (at) => at.slice(at.length - x.shape.length).map((i, axis) => (x.shape[axis] === 1 ? 0 : i))),
  cases: [
    { x: { x: [3, 1] }, attrs: { shape: [2, 3, 4] } },
    { x: { x: [1, 5, 1] }, attrs: { shape: [3, 5, 2] } },
    { x: { x: [] }, attrs: { shape: [4] } },
    { x: { x: [4] }, attrs: { shape: [4] } },
    { x: { x: [1, 3] }, attrs: { shape: [0, 3] } },
    { x: { x: [1, 0] }, attrs: { shape: [4, 0] } },
    { x: { x: { shape: [2, 1], dtype: "bool", range: [0, 1] } }, attrs: { shape: [2, 9] } },
  ],
  rejects: [
    { x: { x: [2, 3] }, attrs: { shape: [4, 3] }, code: "shape/expand" },
    { x: { x: [2, 3] }, attrs: { shape: [3] }, code: "shape/expand" },
  ],
};
