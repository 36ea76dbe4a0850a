import type { LibraryCall } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import { byPosition, type Contraction, type Factor } from "./contraction.ts";
import type { Operand } from "./kernel.ts";

/** A batch of matrix products as a contraction. */
export function matmulContraction(
  { x: { a, b }, attrs: { transposeA, transposeB }, out }: LibraryCall<"matmul">,
  operands: readonly [Operand, Operand],
): Contraction {
  const [m = 1, n = 1] = out.shape.slice(-2);
  const k = a.shape.at(transposeA ? -2 : -1) ?? 1;
  return {
    name: "matmul",
    operands,
    batch: sizeOf(out.shape.slice(0, -2)),
    rows: [m],
    columns: [n],
    inner: [k],
    left: (z) => matrix(z, a.shape, m, k, !transposeA),
    right: (z) => matrix(z, b.shape, n, k, transposeB),
    output: (z) => ({
      row: byPosition((row) => `(${z} * ${m} + ${row}) * ${n}`),
      column: byPosition((column) => column),
      inFours: n % 4 === 0,
    }),
  };
}

/** A matrix of each batch item, or one for all of them. */
function matrix(z: string, shape: readonly number[], outers: number, inners: number, innerIsLast: boolean): Factor {
  const item = sizeOf(shape.slice(0, -2)) === 1 ? "" : `${z} * ${outers * inners} + `;
  const last = innerIsLast ? inners : outers;
  return {
    outer: byPosition((outer) => (innerIsLast ? `${item}${outer} * ${inners}` : `${item}${outer}`)),
    inner: byPosition((inner) => (innerIsLast ? inner : `${inner} * ${outers}`)),
    window: null,
    along: innerIsLast ? "inner" : "outer",
    inFours: last % 4 === 0,
  };
}
