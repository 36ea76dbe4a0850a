import type { Spec } from "../../op/spec.ts";
import { coordinates, positionOf } from "../view/coordinates.ts";
import type { gatherOp } from "./gather.ts";

export const gatherSpec: Spec<typeof gatherOp> = {
  reference: ({ x, index }, { axis }) =>
    index.data.map((chosen, i) => {
      const inside = Math.min(Math.max(chosen, 0), (x.shape[axis] ?? 1) - 1);
      return x.data[positionOf(coordinates(i, index.shape).with(axis, inside), x.shape) ?? -1] ?? 0;
    }),
  cases: [
    { x: { x: [3, 5], index: { shape: [3, 4], dtype: "int32", range: [0, 4] } }, attrs: { axis: 1 } },
    { x: { x: [4, 3, 2], index: { shape: [2, 3, 2], dtype: "int32", range: [0, 3] } }, attrs: { axis: 0 } },
    { x: { x: [4, 3, 2], index: { shape: [2, 7, 1], dtype: "int32", range: [0, 2] } }, attrs: { axis: 1 } },
    { x: { x: [64, 10], index: { shape: [64, 1], dtype: "int32", range: [0, 9] } }, attrs: { axis: 1 } },
    { x: { x: [4], index: { shape: [5], dtype: "int32", values: [-3, 0, 3, 4, 100] } }, attrs: { axis: 0 } },
    { x: { x: [2, 3], index: { shape: [2, 0], dtype: "int32" } }, attrs: { axis: 1 } },
  ],
  rejects: [
    { x: { x: [3, 5], index: { shape: [4, 5], dtype: "int32" } }, attrs: { axis: 1 }, code: "shape/gather" },
    { x: { x: [3, 5], index: { shape: [3], dtype: "int32" } }, attrs: { axis: 0 }, code: "shape/gather" },
    { x: { x: [3], index: [3] }, attrs: { axis: 0 }, code: "dtype/index" },
    { x: { x: [0], index: { shape: [1], dtype: "int32" } }, attrs: { axis: 0 }, code: "shape/index-empty" },
  ],
};
