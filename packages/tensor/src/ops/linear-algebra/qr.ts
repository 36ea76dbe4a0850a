import { apply } from "../../op/apply.ts";
import { defineRoutine } from "../../op/define.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { add, sub } from "../pointwise/arithmetic.ts";
import { concat } from "../view/concat.ts";
import { tril } from "../view/diagonal.ts";
import { transpose } from "../view/permute.ts";
import { narrow } from "../view/slice.ts";
import { reflect, reflected, signAt } from "./householder.ts";
import { itemsOf, matricesOf, partsOf } from "./matrices.ts";
import { solveTriangular } from "./solve-triangular.ts";

/** Both factors side by side in the last axis: q, then r. */
export const qrOp = defineRoutine<Tensor>()({
  name: "qr",
  inputs: { a: "one" },
  attrs: {},
  infer: ({ a }, _, fail) => {
    const { batch, rows, columns, dtype } = matricesOf(a, fail);
    return { shape: [...batch, Math.min(rows, columns) * (rows + columns)], dtype };
  },
  items: ({ x: { a } }) => itemsOf(a),
  work: ({ x: { a } }) => {
    const [rows = 0, columns = 0] = a.shape.slice(-2);
    return 4 * rows * columns * Math.min(rows, columns);
  },
  routine(r, { x: { a } }) {
    const [rows = 0, columns = 0] = a.shape.slice(-2);
    const steps = Math.min(rows, columns);
    const [given, w] = [r.input(0, columns), r.scratch(columns, rows)];
    r.each(0, columns, (c) => r.count(0, rows, (i) => w.put(c, i, given.at(i, c))));
    const found = reflect(r, w, rows, columns);
    const q = reflected(r, w, found, rows, steps);
    const [outQ, outR] = [r.output(0, steps), r.output(rows * steps, columns)];
    r.each(0, steps, (c) => {
      const sign = signAt(r, found, c);
      r.count(0, rows, (i) => outQ.put(i, c, r.mul(sign, q.at(c, i))));
      r.count(0, c, (j) => outR.put(c, j, 0));
      outR.put(c, c, r.mul(sign, found.diagonal.at(0, c)));
      r.count(r.plus(c, 1), columns, (j) => outR.put(c, j, r.mul(sign, w.at(j, c))));
    });
  },
  vjp({ x: { a }, out, ct }) {
    const rows = a.shape.at(-2) ?? 0;
    const columns = a.shape.at(-1) ?? 0;
    const [q, r] = factorsOf(out, rows, columns);
    const [ctQ, ctR] = factorsOf(ct, rows, columns);
    if (rows >= columns) return { a: tallGradient(q, r, ctQ, ctR) };
    // a = [x y] = q [u v], so that x = q u is square and y = q v.
    const wide = columns - rows;
    const [u, ctU, ctV] = [narrow(r, -1, 0, rows), narrow(ctR, -1, 0, rows), narrow(ctR, -1, rows, wide)];
    const y = narrow(a, -1, rows, wide);
    const left = tallGradient(q, u, add(ctQ, matmul(y, ctV, { transposeB: true })), ctU);
    return { a: concat([left, matmul(q, ctV)], { axis: -1 }) };
  },
});

/** The reduced QR decomposition: a = q r. */
export interface QrDecomposition {
  /** Columns of length 1 at right angles, [..., n, k]. */
  readonly q: Tensor;
  /** Upper triangular, with a diagonal that is not negative, [..., k, m]. */
  readonly r: Tensor;
}

/**
 * The reduced QR decomposition of matrices by Householder reflections: a = q r, with orthonormal columns in q and r upper
 * triangular. The diagonal of r is made positive, which makes the decomposition unique where `a` has full rank.
 *
 * Gradients need full rank of the first k columns.
 *
 * Shapes: [..., n, m] gives q [..., n, k] and r [..., k, m], k = min(n, m).
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 5.2; its gradient: Walter and Lehmann, Algorithmic differentiation
 * of linear algebra functions (2010).
 *
 * @throws ShapeError unless the matrices are floats.
 */
export function qr(a: Tensor): QrDecomposition {
  const packed = apply(qrOp, { a }, {});
  const [q, r] = factorsOf(packed, a.shape.at(-2) ?? 0, a.shape.at(-1) ?? 0);
  return { q, r };
}

function factorsOf(packed: Tensor, rows: number, columns: number): readonly [q: Tensor, r: Tensor] {
  const steps = Math.min(rows, columns);
  const [q = packed, r = packed] = partsOf(packed, [
    [rows, steps],
    [steps, columns],
  ]);
  return [q, r];
}

/** (ctQ + q sym(M)) r⁻ᵀ with M = r ctRᵀ - ctQᵀ q, where sym mirrors the lower triangle. */
function tallGradient(q: Tensor, r: Tensor, ctQ: Tensor, ctR: Tensor): Tensor {
  const inner = sub(matmul(r, ctR, { transposeB: true }), matmul(ctQ, q, { transposeA: true }));
  const mirrored = add(tril(inner), transpose(tril(inner, -1)));
  return solveTriangular(transpose(r), add(ctQ, matmul(q, mirrored)), { upper: false, left: false });
}
