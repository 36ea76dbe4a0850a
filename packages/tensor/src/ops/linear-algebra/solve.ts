import { apply, refusing } from "../../op/apply.ts";
import { defineRoutine } from "../../op/define.ts";
import { sumOf } from "../../op/routine.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { neg } from "../pointwise/arithmetic.ts";
import { eye } from "../source/creation.ts";
import { broadcastTo } from "../view/expand.ts";
import { transpose } from "../view/permute.ts";
import { squeeze, unsqueeze } from "../view/squeeze.ts";
import { eliminate } from "./elimination.ts";
import { itemsOf, sameBatch, squareOf, systemOf } from "./matrices.ts";

/** Elimination of the equations beside their right-hand sides, then substitution. */
export const solveOp = defineRoutine<Tensor>()({
  name: "solve",
  inputs: { a: "one", b: "one" },
  attrs: {},
  infer: ({ a, b }, _, fail) => systemOf(a, b, fail),
  items: ({ x: { a } }) => itemsOf(a),
  work: ({ x: { a, b } }) => (a.shape.at(-1) ?? 0) ** 2 * ((a.shape.at(-1) ?? 0) / 3 + (b.shape.at(-1) ?? 0)),
  routine(r, { x: { a, b } }) {
    const n = a.shape.at(-1) ?? 0;
    const columns = b.shape.at(-1) ?? 0;
    const [left, right, out] = [r.input(0, n), r.input(1, columns), r.output(0, columns)];
    const both = r.scratch(n, n + columns);
    r.each(0, n, (i) => {
      r.count(0, n, (j) => both.put(i, j, left.at(i, j)));
      r.count(0, columns, (c) => both.put(i, r.plus(c, n), right.at(i, c)));
    });
    eliminate(r, both, n, n + columns);
    r.each(0, columns, (c) =>
      r.count(0, n, (step) => {
        const i = r.index(r.minus(n - 1, step)).value;
        const known = sumOf(r, r.plus(i, 1), n, (p) => r.mul(both.at(i, p), both.at(p, r.plus(c, n))));
        const value = r.number(r.div(r.sub(both.at(i, r.plus(c, n)), known), both.at(i, i))).value;
        both.put(i, r.plus(c, n), value);
        out.put(i, c, value);
      }),
    );
  },
  vjp({ x: { a }, out, ct }) {
    const b = solve(transpose(a), ct);
    return { a: neg(matmul(b, out, { transposeB: true })), b };
  },
});

/**
 * The solution x of the linear equations a x = b, by elimination with partial pivoting. A singular matrix gives infinities or NaN.
 *
 * Shapes: `a` [..., n, n], `b` [..., n, k], batch axes broadcast, result [..., n, k]. A `b` of one axis, or of the shape of `a`
 * without its last axis, holds vectors: [..., n].
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 3.4.
 *
 * Example: `solve(tensor([[2, 0], [1, 4]]), tensor([2, 9]))` is [1, 2].
 *
 * @throws ShapeError unless `a` holds square matrices and `b` fits them.
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  squareOf(a, refusing("solve", { a, b }));
  const areVectors = b.rank === 1 || (b.rank === a.rank - 1 && b.shape.every((extent, axis) => extent === a.shape[axis]));
  if (areVectors) return squeeze(solve(a, unsqueeze(b, -1)), -1);
  const [matrices, sides] = b.rank < 2 ? [a, b] : sameBatch("solve", a, b);
  return apply(solveOp, { a: matrices, b: sides }, {});
}

/**
 * The inverse of square matrices: a⁻¹ a = I. A singular matrix gives infinities or NaN. Prefer `solve(a, b)` to `inverse(a)` times
 * `b`: it is quicker and more exact.
 *
 * Shapes: [..., n, n] gives [..., n, n].
 *
 * @throws ShapeError unless the matrices are square.
 */
export function inverse(a: Tensor): Tensor {
  const { rows, dtype } = squareOf(a, refusing("inverse", { a }));
  return apply(solveOp, { a, b: broadcastTo(eye(rows, rows, { dtype }), a.shape) }, {});
}
