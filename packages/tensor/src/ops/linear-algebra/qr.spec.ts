import type { Spec } from "../../op/spec.ts";
import { apart, at, filled, matricesIn, shuffled, timesOf, transposeOf } from "./matrix-cases.ts";
import type { qrOp } from "./qr.ts";

export const qrSpec: Spec<typeof qrOp> = {
  // Gram and Schmidt, each column twice.
  reference: ({ a }) =>
    matricesIn(a).flatMap((m) => {
      const columns = transposeOf(m);
      const basis: number[][] = [];
      for (const column of columns.slice(0, Math.min(m.length, columns.length))) {
        let rest = column;
        for (const other of [...basis, ...basis]) {
          const inner = other.reduce((sum, value, i) => sum + value * (rest[i] ?? 0), 0);
          rest = rest.map((value, i) => value - inner * (other[i] ?? 0));
        }
        const length = Math.hypot(...rest);
        basis.push(rest.map((value) => value / length));
      }
      const r = timesOf(basis, m);
      const q = transposeOf(basis);
      return [...q.flat(), ...filled(r.length, columns.length, (i, j) => (j < i ? 0 : at(r, i, j))).flat()];
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
