import { apply } from "../../op/apply.ts";
import { defineRoutine } from "../../op/define.ts";
import { type Matrix, type Routine, sumOf, type Terms } from "../../op/routine.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { add } from "../pointwise/arithmetic.ts";
import { diagonalEmbed, tril, triu } from "../view/diagonal.ts";
import { transpose } from "../view/permute.ts";
import { overGaps } from "./gaps.ts";
import { orthogonalise, rankOf, signOf } from "./jacobi.ts";
import { itemsOf, partsOf, squareOf } from "./matrices.ts";
import { symmetric, symmetricAt } from "./symmetric.ts";

/**
 * Eigenvalues and eigenvectors side by side in the last axis. With a multiple of the identity added, a symmetric matrix has
 * no negative eigenvalue: then its eigenvectors are its singular vectors, which one-sided Jacobi finds.
 */
export const eighOp = defineRoutine<Tensor>()({
  name: "eigh",
  inputs: { a: "one" },
  attrs: {},
  infer: ({ a }, _, fail) => {
    const { batch, rows, dtype } = squareOf(a, fail);
    return { shape: [...batch, rows + rows * rows], dtype };
  },
  items: ({ x: { a } }) => itemsOf(a),
  work: ({ x: { a } }) => 60 * (a.shape.at(-1) ?? 0) ** 3,
  routine(r, { x: { a } }) {
    const n = a.shape.at(-1) ?? 0;
    const given = r.input(0, n);
    const [w, v, values] = [r.scratch(n, n), r.scratch(n, n), r.scratch(1, n)];
    const shift = shiftOf(r, given, n);
    r.each(0, n, (c) =>
      r.count(0, n, (i) => {
        w.put(c, i, r.add(symmetricAt(r, given, i, c), r.choose(r.same(i, c), shift, 0)));
        v.put(c, i, r.choose(r.same(i, c), 1, 0));
      }),
    );
    orthogonalise(r, w, v, n, n);
    r.each(0, n, (c) =>
      values.put(
        0,
        c,
        sumOf(r, 0, n, (i) => {
          const row = sumOf(r, 0, n, (j) => r.mul(symmetricAt(r, given, i, j), v.at(c, j)));
          return r.mul(row, v.at(c, i));
        }),
      ),
    );
    const [outValues, outVectors] = [r.output(0, n), r.output(n, n)];
    r.each(0, n, (c) => {
      const rank = r.index(r.minus(n - 1, rankOf(r, values, c, n))).value;
      const sign = signOf(r, v, c, n);
      outValues.put(0, rank, values.at(0, c));
      r.count(0, n, (i) => outVectors.put(i, rank, r.mul(sign, v.at(c, i))));
    });
  },
  vjp({ x: { a }, out, ct }) {
    const n = a.shape.at(-1) ?? 0;
    const { eigenvalues, eigenvectors } = unpacked(out, n);
    const { eigenvalues: ctValues, eigenvectors: ctVectors } = unpacked(ct, n);
    const turned = matmul(eigenvectors, ctVectors, { transposeA: true });
    const offDiagonal = add(tril(turned, -1), triu(turned, 1));
    const inner = add(diagonalEmbed(ctValues), overGaps(offDiagonal, eigenvalues));
    return { a: symmetric(matmul(matmul(eigenvectors, inner), transpose(eigenvectors))) };
  },
});

/**
 * What makes every eigenvalue positive when it is added: no eigenvalue is below the least of a diagonal element less the others' magnitudes
 * in its row (Gershgorin; Golub and Van Loan, section 7.2.1). Some more keeps the least of them from being nothing but rounding.
 */
function shiftOf<E extends Terms>(r: Routine<E>, a: Matrix<E>, n: number): E["number"] {
  const [least, squares] = [r.number(0), r.number(0)];
  r.count(0, n, (i) => {
    const bound = r.number(0);
    r.count(0, n, (j) => {
      const own = r.number(symmetricAt(r, a, i, j)).value;
      squares.set(r.add(squares.value, r.mul(own, own)));
      bound.set(r.add(bound.value, r.choose(r.same(i, j), own, r.sub(0, r.abs(own)))));
    });
    least.set(r.choose(r.less(bound.value, least.value), bound.value, least.value));
  });
  return r.number(r.sub(r.mul(0.05, r.sqrt(squares.value)), least.value)).value;
}

/** The eigendecomposition of a symmetric matrix: a = v diag(λ) vᵀ. */
export interface EighDecomposition {
  /** In ascending order, [..., n]. */
  readonly eigenvalues: Tensor;
  /** Columns of length 1 at right angles, the i-th for the i-th eigenvalue, [..., n, n]. */
  readonly eigenvectors: Tensor;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices, by Jacobi's method. Of `a` the symmetric part (a + aᵀ) / 2 is looked at. The sign of
 * an eigenvector is chosen so that its largest element is positive.
 *
 * The gradient of eigenvectors is infinite or NaN where eigenvalues are equal; that of the eigenvalues alone is not.
 *
 * Shapes: [..., n, n] gives eigenvalues [..., n] and eigenvectors [..., n, n].
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 8.5; its gradient: Giles, Collected matrix derivative results
 * for forward and reverse mode algorithmic differentiation (2008), section 3.1.
 *
 * @throws ShapeError unless the matrices are square.
 */
export function eigh(a: Tensor): EighDecomposition {
  return unpacked(apply(eighOp, { a }, {}), a.shape.at(-1) ?? 0);
}

function unpacked(packed: Tensor, n: number): EighDecomposition {
  const [eigenvalues = packed, eigenvectors = packed] = partsOf(packed, [[n], [n, n]]);
  return { eigenvalues, eigenvectors };
}
