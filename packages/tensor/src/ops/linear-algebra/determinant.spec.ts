import type { Spec } from "../../op/spec.ts";
import type { pivotsOp } from "./determinant.ts";
import { apart, matricesIn, shuffled } from "./matrix-cases.ts";

export const pivotsSpec: Spec<typeof pivotsOp> = {
  // Row by row: the largest first, what is left of the others below it.
  reference: ({ a }) =>
    matricesIn(a).flatMap((m) => {
      let sign = 1;
      let left = m;
      const pivots: number[] = [];
      while (left.length > 0) {
        const heads = left.map(([head = 0]) => Math.abs(head));
        const first = Math.max(0, heads.indexOf(Math.max(...heads)));
        const [lead = []] = left.splice(first, 1, left[0] ?? []);
        if (first > 0) sign = -sign;
        const [pivot = 0] = lead;
        pivots.push(pivot);
        left = left
          .slice(1)
          .map(([head = 0, ...row]) => row.map((value, j) => value - (pivot === 0 ? 0 : (head / pivot) * (lead[j + 1] ?? 0))));
      }
      return pivots.map((pivot, i) => (i === 0 ? sign * pivot : pivot));
    }),
  cases: [
    { x: { a: apart(3, 3) }, attrs: {} },
    { x: { a: shuffled(2, 2, 4, 4) }, attrs: {} },
    { x: { a: shuffled(6, 6) }, attrs: {} },
    { x: { a: { shape: [2, 2], values: [0, 1, 2, 0] } }, attrs: {} },
    { x: { a: { shape: [2, 2], values: [1, 2, 2, 4] } }, attrs: {} },
    { x: { a: apart(1, 1) }, attrs: {} },
    { x: { a: [0, 0] }, attrs: {} },
    { x: { a: [0, 2, 2] }, attrs: {} },
  ],
  rejects: [
    { x: { a: [3] }, attrs: {}, code: "shape/matrix" },
    { x: { a: [2, 3] }, attrs: {}, code: "shape/square" },
    { x: { a: { shape: [2, 2], dtype: "int32" } }, attrs: {}, code: "dtype/unsupported" },
  ],
  noGradient: "det and slogdet have gradients of their own",
};
