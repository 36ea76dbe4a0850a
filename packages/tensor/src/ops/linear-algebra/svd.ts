import { apply } from "../../op/apply.ts";
import { defineRoutine } from "../../op/define.ts";
import { type Matrix, type Routine, sumOf, type Terms } from "../../op/routine.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { add, div, mul, sub } from "../pointwise/arithmetic.ts";
import { square } from "../pointwise/power.ts";
import { diagonalEmbed } from "../view/diagonal.ts";
import { transpose } from "../view/permute.ts";
import { unsqueeze } from "../view/squeeze.ts";
import { overGaps } from "./gaps.ts";
import { reflect, reflected, signAt } from "./householder.ts";
import { rankOf, signOf, tournament, turn, turnOf } from "./jacobi.ts";
import { itemsOf, matricesOf, partsOf } from "./matrices.ts";

/**
 * u, s and vh side by side in the last axis, by one-sided Jacobi. Columns of the matrix, or of its transpose where it is wide, are turned until they are at
 * right angles: their lengths are the singular values. Where one is 0 it has no direction, so the directions are
 * taken from a QR decomposition of the columns, which has one for all.
 */
export const svdOp = defineRoutine<Tensor>()({
  name: "svd",
  inputs: { a: "one" },
  attrs: {},
  infer: ({ a }, _, fail) => {
    const { batch, rows, columns, dtype } = matricesOf(a, fail);
    return { shape: [...batch, Math.min(rows, columns) * (rows + 1 + columns)], dtype };
  },
  items: ({ x: { a } }) => itemsOf(a),
  work: ({ x: { a } }) => {
    const [rows = 0, columns = 0] = a.shape.slice(-2);
    return 60 * rows * columns * Math.min(rows, columns);
  },
  routine(r, { x: { a } }) {
    const [rows = 0, columns = 0] = a.shape.slice(-2);
    const tall = rows >= columns;
    const [long, short] = tall ? [rows, columns] : [columns, rows];
    const given = r.input(0, columns);
    const [w, v, values, sorted] = [r.scratch(short, long), r.scratch(short, short), r.scratch(1, short), r.scratch(short, long)];
    const [outU, outS, outV] = [r.output(0, short), r.output(rows * short, short), r.output(rows * short + short, columns)];
    r.each(0, short, (c) => {
      r.count(0, long, (i) => w.put(c, i, tall ? given.at(i, c) : given.at(c, i)));
      r.count(0, short, (i) => v.put(c, i, r.choose(r.same(c, i), 1, 0)));
    });
    // Rounding leaves about so much of a dot product of vectors of length 1.
    const rest = r.epsilon * Math.sqrt(long);
    tournament(r, short, ({ pairs, meet, again }) =>
      r.each(0, pairs, (pair) =>
        meet(pair, (p, q) => {
          const [pp, pq, qq] = productsOf(r, w, [p, q], long);
          const nothing = r.add(r.mul(rest, r.mul(r.sqrt(pp), r.sqrt(qq))), r.tiny);
          // Not "larger", so that a NaN spreads.
          r.when(r.not(r.less(r.abs(pq), nothing)), () => {
            again();
            const angle = turnOf(r, [pp, pq, qq]);
            r.count(0, long, (i) => turn(r, w, angle, [p, i], [q, i]));
            r.count(0, short, (i) => turn(r, v, angle, [p, i], [q, i]));
          });
        }),
      ),
    );
    r.each(0, short, (c) => {
      const square = sumOf(r, 0, long, (i) => r.mul(w.at(c, i), w.at(c, i)));
      values.put(0, c, r.sqrt(square));
    });
    r.each(0, short, (c) => {
      const rank = rankOf(r, values, c, short);
      const sign = signOf(r, v, c, short);
      outS.put(0, rank, values.at(0, c));
      r.count(0, long, (i) => sorted.put(rank, i, r.mul(sign, w.at(c, i))));
      r.count(0, short, (i) => {
        const element = r.mul(sign, v.at(c, i));
        if (tall) outV.put(rank, i, element);
        else outU.put(i, rank, element);
      });
    });
    const found = reflect(r, sorted, long, short);
    const q = reflected(r, sorted, found, long, short);
    r.each(0, short, (c) => {
      const sign = signAt(r, found, c);
      r.count(0, long, (i) => {
        const element = r.mul(sign, q.at(c, i));
        if (tall) outU.put(i, c, element);
        else outV.put(c, i, element);
      });
    });
  },
  vjp({ x: { a }, out, ct }) {
    const rows = a.shape.at(-2) ?? 0;
    const columns = a.shape.at(-1) ?? 0;
    const { u, s, vh } = unpacked(out, rows, columns);
    const { u: ctU, s: ctS, vh: ctVh } = unpacked(ct, rows, columns);
    const [turnU, turnV] = [matmul(u, ctU, { transposeA: true }), matmul(vh, ctVh, { transposeB: true })];
    const across = unsqueeze(s, -2);
    const down = unsqueeze(s, -1);
    const inner = add(diagonalEmbed(ctS), add(mul(overGaps(skew(turnU), square(s)), across), mul(overGaps(skew(turnV), square(s)), down)));
    let left = matmul(u, inner);
    // What of the cotangents lies outside the singular vectors' spaces.
    if (rows > columns) left = add(left, div(sub(ctU, matmul(u, turnU)), across));
    let full = matmul(left, vh);
    if (columns > rows) full = add(full, matmul(u, div(sub(ctVh, matmul(transpose(turnV), vh)), down)));
    return { a: full };
  },
});

/** The reduced singular value decomposition: a = u diag(s) vh. */
export interface SvdDecomposition {
  /** Columns of length 1 at right angles, [..., n, k]. */
  readonly u: Tensor;
  /** Not negative, in descending order, [..., k]. */
  readonly s: Tensor;
  /** Rows of length 1 at right angles, [..., k, m]. */
  readonly vh: Tensor;
}

/**
 * The reduced singular value decomposition of matrices, by one-sided Jacobi: a = u diag(s) vh. Signs are chosen so that the largest element
 * of each row of vh is positive (of each column of u, where a has more columns than rows).
 *
 * The gradient of singular vectors is infinite or NaN where singular values are equal or one is 0; that of the singular values alone is not.
 *
 * Shapes: [..., n, m] gives u [..., n, k], s [..., k] and vh [..., k, m], k = min(n, m).
 *
 * Source: Hestenes, Inversion of matrices by biorthogonalization and related results (1958), and Golub and Van Loan, Matrix Computations,
 * 4th edition, section 8.6; its gradient: Townsend, Differentiating the
 * singular value decomposition (2016).
 *
 * @throws ShapeError unless the matrices are floats.
 */
export function svd(a: Tensor): SvdDecomposition {
  return unpacked(apply(svdOp, { a }, {}), a.shape.at(-2) ?? 0, a.shape.at(-1) ?? 0);
}

/** The dot products of two rows: of the first with itself, with the second, and of the second with itself. */
function productsOf<E extends Terms>(
  r: Routine<E>,
  w: Matrix<E>,
  [p, q]: readonly [E["index"], E["index"]],
  length: number,
): readonly [pp: E["number"], pq: E["number"], qq: E["number"]] {
  const [pp, pq, qq] = [r.number(0), r.number(0), r.number(0)];
  r.count(0, length, (i) => {
    const [a, b] = [r.number(w.at(p, i)).value, r.number(w.at(q, i)).value];
    pp.set(r.add(pp.value, r.mul(a, a)));
    pq.set(r.add(pq.value, r.mul(a, b)));
    qq.set(r.add(qq.value, r.mul(b, b)));
  });
  return [pp.value, pq.value, qq.value];
}

function unpacked(packed: Tensor, rows: number, columns: number): SvdDecomposition {
  const short = Math.min(rows, columns);
  const [u = packed, s = packed, vh = packed] = partsOf(packed, [[rows, short], [short], [short, columns]]);
  return { u, s, vh };
}

function skew(x: Tensor): Tensor {
  return sub(x, transpose(x));
}
