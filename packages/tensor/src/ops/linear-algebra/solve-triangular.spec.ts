import type { Spec } from "../../op/spec.ts";
import { at, apart, filled, matricesIn } from "./matrix-cases.ts";
import type { solveTriangularOp } from "./solve-triangular.ts";

const plain = { upper: false, unitriangular: false };

export const solveTriangularSpec: Spec<typeof solveTriangularOp> = {
  reference: ({ a, b }, { upper, unitriangular }) =>
    matricesIn(a).flatMap((matrix, item) => {
      const right = matricesIn(b)[item] ?? [];
      const x = filled(right.length, b.shape.at(-1) ?? 0, () => 0);
      const order = matrix.map((_, i) => i);
      for (const i of upper ? order.toReversed() : order)
        x[i] = (x[i] ?? []).map((_, c) => {
          const known = order.reduce((sum, j) => sum + ((upper ? j > i : j < i) ? at(matrix, i, j) * at(x, j, c) : 0), 0);
          return (at(right, i, c) - known) / (unitriangular ? 1 : at(matrix, i, i));
        });
      return x.flat();
    }),
  cases: [
    { x: { a: apart(3, 3), b: [3, 2] }, attrs: plain },
    { x: { a: apart(4, 4), b: [4, 1] }, attrs: { upper: true, unitriangular: false } },
    { x: { a: apart(2, 3, 3), b: [2, 3, 4] }, attrs: { upper: true, unitriangular: true } },
    { x: { a: apart(2, 1, 5, 5), b: [2, 1, 5, 7] }, attrs: { upper: false, unitriangular: true } },
    { x: { a: apart(1, 1), b: [1, 1] }, attrs: plain },
    { x: { a: [2, 2], b: [2, 0] }, attrs: plain },
    { x: { a: [0, 0], b: [0, 2] }, attrs: plain },
    { x: { a: [0, 2, 2], b: [0, 2, 1] }, attrs: plain },
  ],
  rejects: [
    { x: { a: [3, 2], b: [3, 1] }, attrs: plain, code: "shape/square" },
    { x: { a: [3, 3], b: [2, 1] }, attrs: plain, code: "shape/system" },
    { x: { a: [2, 3, 3], b: [3, 1] }, attrs: plain, code: "shape/system" },
    { x: { a: [3, 3], b: [3] }, attrs: plain, code: "shape/matrix" },
    { x: { a: [2, 2], b: { shape: [2, 1], dtype: "float16" } }, attrs: plain, code: "dtype/mixed" },
    { x: { a: { shape: [2, 2], dtype: "int32" }, b: [2, 1] }, attrs: plain, code: "dtype/unsupported" },
  ],
};
