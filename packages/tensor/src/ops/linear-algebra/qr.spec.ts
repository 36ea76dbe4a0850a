import type { Spec } from "../../op/spec.ts";
import { apart, at, filled, matricesIn, orthonormal, shuffled, timesOf, transposeOf } from "./matrix-cases.ts";
import type { qrOp } from "./qr.ts";

export const qrSpec: Spec<typeof qrOp> = {
  reference: ({ a }) =>
    matricesIn(a).flatMap((m) => {
      const columns = transposeOf(m);
      const basis = orthonormal(columns.slice(0, m.length));
      const r = timesOf(basis, m);
      return [...transposeOf(basis).flat(), ...filled(r.length, columns.length, (i, j) => (j < i ? 0 : at(r, i, j))).flat()];
    }),
  cases: [
    { x: { a: apart(3, 3) }, attrs: {} },
    { x: { a: shuffled(5, 3) }, attrs: {} },
    { x: { a: shuffled(2, 2, 3, 5) }, attrs: {} },
    { x: { a: shuffled(2, 7, 7) }, attrs: {} },
    { x: { a: apart(1, 1) }, attrs: {} },
    { x: { a: { shape: [3, 1], values: [-3, 0, 4] } }, attrs: {} },
    { x: { a: { shape: [2, 2], values: [-1, 2, 0, -3] } }, attrs: {} },
    { x: { a: [0, 3] }, attrs: {} },
    { x: { a: [3, 0] }, attrs: {} },
    { x: { a: [0, 2, 2] }, attrs: {} },
  ],
  rejects: [
    { x: { a: [3] }, attrs: {}, code: "shape/matrix" },
    { x: { a: { shape: [2, 2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" },
  ],
};
