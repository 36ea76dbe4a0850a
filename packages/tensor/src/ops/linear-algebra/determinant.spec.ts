import type { Spec } from "../../op/spec.ts";
import type { pivotsOp } from "./determinant.ts";
import { apart, at, filled, matricesIn, type Rows, shuffled } from "./matrix-cases.ts";

export const pivotsSpec: Spec<typeof pivotsOp> = {
  // Each pivot is a quotient of two leading minors of the matrix with its rows exchanged; minors by Laplace's expansion.
  reference: ({ a }) =>
    matricesIn(a).flatMap((given) => {
      const rows = exchanged(given);
      const pivots = rows.m.map((_, k) => minor(rows.m, k + 1) / minor(rows.m, k));
      return pivots.map((pivot, i) => (i === 0 ? rows.sign * pivot : pivot));
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

/** Rows in the order in which partial pivoting takes them, and the sign of that order. */
function exchanged(given: Rows): { readonly m: Rows; readonly sign: number } {
  const m = [...given];
  let sign = 1;
  m.forEach((_, j) => {
    // What is left of a row below the pivots is a quotient of minors too: that of the leading rows with it, over theirs.
    const left = (i: number): number => Math.abs(minor([...m.slice(0, j), m[i] ?? []], j + 1));
    let best = j;
    for (let i = j + 1; i < m.length; i++) if (left(i) > left(best)) best = i;
    if (best === j) return;
    [m[j], m[best]] = [m[best] ?? [], m[j] ?? []];
    sign = -sign;
  });
  return { m, sign };
}

/** The determinant of the first `k` rows and columns. */
function minor(m: Rows, k: number): number {
  if (k === 0) return 1;
  let total = 0;
  for (let j = 0; j < k; j++) {
    const rest = filled(k - 1, k - 1, (r, c) => at(m, r + 1, c < j ? c : c + 1));
    total += (j % 2 === 0 ? 1 : -1) * at(m, 0, j) * minor(rest, k - 1);
  }
  return total;
}
