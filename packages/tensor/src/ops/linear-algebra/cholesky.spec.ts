import type { Spec } from "../../op/spec.ts";
import type { choleskyOp } from "./cholesky.ts";
import { apart, at, filled, matricesIn, symmetricPart } from "./matrix-cases.ts";

export const choleskySpec: Spec<typeof choleskyOp> = {
  reference: ({ a }) =>
    matricesIn(a).flatMap((given) => {
      const m = symmetricPart(given);
      const l = filled(m.length, m.length, () => 0);
      // Row by row, each element from those before it (Cholesky and Banachiewicz).
      l.forEach((row, i) => {
        for (let j = 0; j <= i; j++) {
          let rest = at(m, i, j);
          for (let k = 0; k < j; k++) rest -= (row[k] ?? 0) * at(l, j, k);
          row[j] = i === j ? (rest > 0 ? Math.sqrt(rest) : Number.NaN) : rest / at(l, j, j);
        }
      });
      return l.flat();
    }),
  cases: [
    { x: { a: apart(1, 1) }, attrs: {} },
    { x: { a: apart(3, 3) }, attrs: {} },
    { x: { a: apart(2, 2, 4, 4) }, attrs: {} },
    { x: { a: apart(9, 9) }, attrs: {} },
    { x: { a: [0, 0] }, attrs: {} },
    { x: { a: [0, 2, 2] }, attrs: {} },
  ],
  rejects: [
    { x: { a: [3] }, attrs: {}, code: "shape/matrix" },
    { x: { a: [2, 3] }, attrs: {}, code: "shape/square" },
    { x: { a: { shape: [2, 2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" },
  ],
};
