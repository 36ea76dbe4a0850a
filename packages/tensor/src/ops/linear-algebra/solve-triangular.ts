import { apply, refusing } from "../../op/apply.ts";
import { bool } from "../../op/attr.ts";
import { defineRoutine } from "../../op/define.ts";
import { sumOf } from "../../op/routine.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { neg } from "../pointwise/arithmetic.ts";
import { tril, triu } from "../view/diagonal.ts";
import { transpose } from "../view/permute.ts";
import { itemsOf, matricesOf, sameBatch, squareOf, systemOf } from "./matrices.ts";

/** Substitution, each column of the right-hand sides by itself. Source: Golub and Van Loan, Matrix Computations, 4th edition, section 3.1. */
export const solveTriangularOp = defineRoutine<Tensor>()({
  name: "solveTriangular",
  inputs: { a: "one", b: "one" },
  attrs: { upper: bool, unitriangular: bool },
  infer: ({ a, b }, _, fail) => systemOf(a, b, fail),
  items: ({ x: { a } }) => itemsOf(a),
  work: ({ x: { a, b } }) => ((a.shape.at(-1) ?? 0) ** 2 * (b.shape.at(-1) ?? 0)) / 2,
  routine(r, { x: { a, b }, attrs: { upper, unitriangular } }) {
    const n = a.shape.at(-1) ?? 0;
    const columns = b.shape.at(-1) ?? 0;
    const [matrix, right, x, out] = [r.input(0, n), r.input(1, columns), r.scratch(columns, n), r.output(0, columns)];
    r.each(0, columns, (c) =>
      r.count(0, n, (step) => {
        const i = r.index(upper ? r.minus(n - 1, step) : step).value;
        const known = sumOf(r, upper ? r.plus(i, 1) : 0, upper ? n : i, (p) => r.mul(matrix.at(i, p), x.at(c, p)));
        const rest = r.sub(right.at(i, c), known);
        const value = r.number(unitriangular ? rest : r.div(rest, matrix.at(i, i))).value;
        x.put(c, i, value);
        out.put(i, c, value);
      }),
    );
  },
  vjp({ x: { a }, out, ct, attrs: { upper, unitriangular } }) {
    const b = solveTriangular(transpose(a), ct, { upper: !upper, unitriangular });
    const full = neg(matmul(b, out, { transposeB: true }));
    const inner = unitriangular ? 1 : 0;
    return { a: upper ? triu(full, inner) : tril(full, -inner), b };
  },
});

export interface SolveTriangularOptions {
  /** Whether `a` is upper triangular, instead of lower; what lies beyond its triangle is not looked at. */
  readonly upper: boolean;
  /** Solves a x = b when true, the default, and x a = b when false. */
  readonly left?: boolean;
  /** Takes the diagonal of `a` for ones, without looking at it; false when left out. */
  readonly unitriangular?: boolean;
}

/**
 * The solution x of a x = b for triangular `a`, by substitution. A zero on the diagonal gives infinities or NaN.
 *
 * Shapes: `a` [..., n, n], `b` [..., n, k] (with `left: false`: [..., k, n]), batch axes broadcast; the result has the shape of `b`.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 3.1.
 *
 * Example: `solveTriangular(cholesky(a), b, { upper: false })`.
 *
 * @throws ShapeError unless `a` holds square matrices and `b` fits them.
 */
export function solveTriangular(a: Tensor, b: Tensor, { upper, left = true, unitriangular = false }: SolveTriangularOptions): Tensor {
  const fail = refusing("solveTriangular", { a, b });
  squareOf(a, fail);
  matricesOf(b, fail);
  if (!left) return transpose(solveTriangular(transpose(a), transpose(b), { upper: !upper, unitriangular }));
  const [matrices, sides] = sameBatch("solveTriangular", a, b);
  return apply(solveTriangularOp, { a: matrices, b: sides }, { upper, unitriangular });
}
