import type { Spec } from "../../op/spec.ts";
import { viewed } from "./coordinates.ts";
import type { sliceOp } from "./slice.ts";

export const sliceSpec: Spec<typeof sliceOp> = {
  reference: ({ x }, { starts, steps }, out) => viewed(x, out, (at) => at.map((i, axis) => (starts[axis] ?? 0) + i * (steps[axis] ?? 1))),
  cases: [
    { x: { x: [9] }, attrs: { starts: [2], steps: [1], sizes: [5] } },
    { x: { x: [4, 33] }, attrs: { starts: [1, 3], steps: [1, 2], sizes: [2, 15] } },
    { x: { x: [5, 6, 7] }, attrs: { starts: [0, 1, 6], steps: [2, 3, 1], sizes: [3, 2, 1] } },
    { x: { x: [3, 4] }, attrs: { starts: [1, 0], steps: [1, 1], sizes: [0, 4] } },
    { x: { x: [0, 4] }, attrs: { starts: [0, 1], steps: [1, 1], sizes: [0, 2] } },
    { x: { x: { shape: [7], dtype: "uint8", range: [0, 255] } }, attrs: { starts: [1], steps: [3], sizes: [2] } },
    { x: { x: { shape: [40], dtype: "int8", range: [-128, 127] } }, attrs: { starts: [3], steps: [1], sizes: [33] } },
    { x: { x: { shape: [40], dtype: "int8", range: [-128, 127] } }, attrs: { starts: [1], steps: [3], sizes: [12] } },
  ],
  rejects: [
    { x: { x: [4] }, attrs: { starts: [2], steps: [1], sizes: [3] }, code: "shape/slice" },
    { x: { x: [4] }, attrs: { starts: [-1], steps: [1], sizes: [2] }, code: "shape/slice" },
    { x: { x: [4] }, attrs: { starts: [0], steps: [0], sizes: [2] }, code: "shape/slice" },
    { x: { x: [4, 4] }, attrs: { starts: [0], steps: [1], sizes: [2] }, code: "shape/slice" },
  ],
};
