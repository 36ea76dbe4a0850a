import { sizeOf } from "../../shape.ts";
import type { Spec } from "../../op/spec.ts";
import { coordinates } from "./coordinates.ts";
import type { expandOp } from "./expand.ts";

export const expandSpec: Spec<typeof expandOp> = {
  reference({ x }, { shape }) {
    const lead = shape.length - x.shape.length;
    return Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
      const at = coordinates(i, shape).slice(lead);
      return x.data[at.reduce((address, c, axis) => address * (x.shape[axis] ?? 1) + (x.shape[axis] === 1 ? 0 : c), 0)] ?? 0;
    });
  },
  cases: [
    { x: { x: [3, 1] }, attrs: { shape: [2, 3, 4] } },
    { x: { x: [1, 5, 1] }, attrs: { shape: [3, 5, 2] } },
    { x: { x: [] }, attrs: { shape: [4] } },
    { x: { x: [4] }, attrs: { shape: [4] } },
    { x: { x: [1, 3] }, attrs: { shape: [0, 3] } },
    { x: { x: { shape: [2, 1], dtype: "bool", range: [0, 1] } }, attrs: { shape: [2, 9] } },
  ],
  rejects: [
    { x: { x: [2, 3] }, attrs: { shape: [4, 3] }, code: "shape/expand" },
    { x: { x: [2, 3] }, attrs: { shape: [3] }, code: "shape/expand" },
  ],
};
