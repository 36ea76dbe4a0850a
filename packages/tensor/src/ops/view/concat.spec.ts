import type { Spec } from "../../op/spec.ts";
import { sizeOf } from "../../shape.ts";
import type { concatOp } from "./concat.ts";
import { coordinates, positionOf } from "./coordinates.ts";

export const concatSpec: Spec<typeof concatOp> = {
  reference({ xs }, { axis }, { shape }) {
    const y = new Float64Array(sizeOf(shape));
    let from = 0;
    for (const x of xs) {
      x.data.forEach((v, i) => {
        const at = coordinates(i, x.shape);
        y[positionOf(at.with(axis, (at[axis] ?? 0) + from), shape) ?? -1] = v;
      });
      from += x.shape[axis] ?? 0;
    }
    return y;
  },
  cases: [
    { x: { xs: [[3], [5]] }, attrs: { axis: 0 } },
    {
      x: {
        xs: [
          [2, 3, 4],
          [2, 1, 4],
          [2, 2, 4],
        ],
      },
      attrs: { axis: 1 },
    },
    {
      x: {
        xs: [
          [4, 7],
          [4, 9],
        ],
      },
      attrs: { axis: 1 },
    },
    { x: { xs: [[2, 3]] }, attrs: { axis: 0 } },
    {
      x: {
        xs: [
          [0, 3],
          [2, 3],
          [0, 3],
        ],
      },
      attrs: { axis: 0 },
    },
    {
      x: {
        xs: [
          [2, 0],
          [1, 0],
        ],
      },
      attrs: { axis: 0 },
    },
    {
      x: {
        xs: [
          { shape: [3], dtype: "bool", range: [0, 1] },
          { shape: [2], dtype: "bool", range: [0, 1] },
        ],
      },
      attrs: { axis: 0 },
    },
  ],
  rejects: [
    { x: { xs: [] }, attrs: { axis: 0 }, code: "shape/concat" },
    {
      x: {
        xs: [
          [2, 3],
          [2, 4],
        ],
      },
      attrs: { axis: 0 },
      code: "shape/concat",
    },
    { x: { xs: [[2], [2]] }, attrs: { axis: 1 }, code: "shape/concat" },
    { x: { xs: [[2], { shape: [2], dtype: "int32" }] }, attrs: { axis: 0 }, code: "dtype/differ" },
  ],
};
