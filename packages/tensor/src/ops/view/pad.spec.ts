import type { Spec } from "../../op/spec.ts";
import { viewed } from "./coordinates.ts";
import type { padOp } from "./pad.ts";

export const padSpec: Spec<typeof padOp> = {
  reference: ({ x }, { before, between, value }, out) =>
    viewed(
      x,
      out,
      (at) => {
        const source = at.map((i, axis) => (i - (before[axis] ?? 0)) / ((between[axis] ?? 0) + 1));
        return source.every(Number.isInteger) ? source : null;
      },
      value,
    ),
  cases: [
    { x: { x: [3, 5] }, attrs: { before: [1, 2], after: [0, 3], between: [0, 0], value: 0 } },
    { x: { x: [3, 5] }, attrs: { before: [1, -1], after: [-2, 3], between: [0, 0], value: 1.5 } },
    { x: { x: [4, 3] }, attrs: { before: [0, 1], after: [2, 0], between: [1, 2], value: 0 } },
    { x: { x: [4] }, attrs: { before: [-1], after: [-2], between: [2], value: 0 } },
    { x: { x: [2, 3, 4] }, attrs: { before: [0, 0, -5], after: [0, 0, 9], between: [0, 0, 0], value: 0 } },
    { x: { x: [0, 2] }, attrs: { before: [2, 0], after: [1, 0], between: [0, 0], value: 3 } },
    { x: { x: [3] }, attrs: { before: [-3], after: [0], between: [0], value: 0 } },
    { x: { x: { shape: [3], dtype: "int32", range: [-9, 9] } }, attrs: { before: [1], after: [1], between: [0], value: -7 } },
    { x: { x: [] }, attrs: { before: [], after: [], between: [], value: 0 } },
  ],
  rejects: [
    { x: { x: [3] }, attrs: { before: [-2], after: [-2], between: [0], value: 0 }, code: "shape/pad" },
    { x: { x: [3, 3] }, attrs: { before: [1], after: [1], between: [0], value: 0 }, code: "shape/pad" },
    { x: { x: [3] }, attrs: { before: [0], after: [0], between: [-1], value: 0 }, code: "shape/pad" },
  ],
};
