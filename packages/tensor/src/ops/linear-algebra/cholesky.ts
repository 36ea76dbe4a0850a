import { apply } from "../../op/apply.ts";
import { defineRoutine } from "../../op/define.ts";
import { sumOf } from "../../op/routine.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { mul, sub } from "../pointwise/arithmetic.ts";
import { transpose } from "../view/permute.ts";
import { tril } from "../view/diagonal.ts";
import { eye } from "../source/creation.ts";
import { itemsOf, squareOf } from "./matrices.ts";
import { symmetric, symmetricAt } from "./symmetric.ts";
import { solveTriangular } from "./solve-triangular.ts";

/** The left-looking factorisation, column by column. Source: Golub and Van Loan, Matrix Computations, 4th edition, section 4.2. */
export const choleskyOp = defineRoutine<Tensor>()({
  name: "cholesky",
  inputs: { a: "one" },
  attrs: {},
  infer: ({ a }, _, fail) => ({ shape: a.shape, dtype: squareOf(a, fail).dtype }),
  items: ({ x: { a } }) => itemsOf(a),
  work: ({ x: { a } }) => (a.shape.at(-1) ?? 0) ** 3 / 3,
  routine(r, { x: { a } }) {
    const n = a.shape.at(-1) ?? 0;
    const [given, lower, out] = [r.input(0, n), r.scratch(n, n), r.output(0, n)];
    r.each(0, n, (i) => r.count(0, r.plus(i, 1), (j) => lower.put(i, j, symmetricAt(r, given, i, j))));
    r.count(0, n, (j) => {
      const known = sumOf(r, 0, j, (k) => r.mul(lower.at(j, k), lower.at(j, k)));
      const pivot = r.number(r.sub(lower.at(j, j), known));
      const root = r.number(r.choose(r.less(0, pivot.value), r.sqrt(pivot.value), r.nan));
      r.each(j, n, (i) => {
        const others = sumOf(r, 0, j, (k) => r.mul(lower.at(i, k), lower.at(j, k)));
        lower.put(i, j, r.div(r.sub(lower.at(i, j), others), root.value));
      });
    });
    r.each(0, n, (i) => r.count(0, n, (j) => out.put(i, j, r.choose(r.before(i, j), 0, lower.at(i, j)))));
  },
  vjp({ out, ct }) {
    const inner = matmul(out, ct, { transposeA: true });
    const n = out.shape.at(-1) ?? 0;
    const upper = transpose(out);
    // The lower triangle with half its diagonal.
    const half = sub(tril(inner), mul(inner, mul(eye(n, n, { dtype: out.dtype }), 0.5)));
    const left = solveTriangular(upper, half, { upper: true });
    return { a: symmetric(solveTriangular(upper, transpose(left), { upper: true })) };
  },
});

/**
 * The Cholesky factor of symmetric positive definite matrices: the lower triangular L with a = L Lᵀ. Of `a` the symmetric
 * part (a + aᵀ) / 2 is looked at.
 *
 * Where a matrix is not positive definite, L is NaN from the column on that shows it.
 *
 * Shapes: [..., n, n] gives [..., n, n].
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 4.2; its gradient: Murray, Differentiation of the
 * Cholesky decomposition (2016).
 *
 * Example: `cholesky(tensor([[4, 2], [2, 3]]))` is [[2, 0], [1, √2]].
 *
 * @throws ShapeError unless the matrices are square floats.
 */
export function cholesky(a: Tensor): Tensor {
  return apply(choleskyOp, { a }, {});
}
