import type { Spec } from "../../op/spec.ts";
import { viewed } from "./coordinates.ts";
import type { permuteOp } from "./permute.ts";

export const permuteSpec: Spec<typeof permuteOp> = {
  reference: ({ x }, { axes }, out) =>
    viewed(x, out, (at) => {
      const source: number[] = [];
      axes.forEach((axis, i) => (source[axis] = at[i] ?? 0));
      return source;
    }),
  cases: [
    { x: { x: [4, 33] }, attrs: { axes: [1, 0] } },
    { x: { x: [2, 3, 4] }, attrs: { axes: [2, 0, 1] } },
    { x: { x: [2, 1, 3, 4] }, attrs: { axes: [0, 2, 3, 1] } },
    { x: { x: [] }, attrs: { axes: [] } },
    { x: { x: [0, 3] }, attrs: { axes: [1, 0] } },
    { x: { x: { shape: [3, 5], dtype: "bool", range: [0, 1] } }, attrs: { axes: [1, 0] } },
  ],
  rejects: [
    { x: { x: [2, 3] }, attrs: { axes: [0, 0] }, code: "shape/permute" },
    { x: { x: [2, 3] }, attrs: { axes: [0] }, code: "shape/permute" },
  ],
};
