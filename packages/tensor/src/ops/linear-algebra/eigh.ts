import { apply } from "../../op/apply.ts";
import { defineRoutine } from "../../op/define.ts";
import { type Matrix, type Routine, sumOf, type Terms } from "../../op/routine.ts";
import type { Tensor } from "../../tensor.ts";
import { matmul } from "../library/matmul.ts";
import { add } from "../pointwise/arithmetic.ts";
import { diagonalEmbed, tril, triu } from "../view/diagonal.ts";
import { transpose } from "../view/permute.ts";
import { overGaps } from "./gaps.ts";
import { rankOf, signOf, tournament, turn, turnOf } from "./jacobi.ts";
import { itemsOf, partsOf, squareOf } from "./matrices.ts";
import { symmetric, symmetricAt } from "./symmetric.ts";

/**
 * Eigenvalues and eigenvectors side by side in the last axis, by Jacobi's method: rotations that each make one pair of elements zero, those of
 * a round of pairs at once.
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
    const [m, v, values, turns] = [r.scratch(n, n), r.scratch(n, n), r.scratch(1, n), r.scratch(2, n)];
    const squares = sumOf(r, 0, n, (i) => sumOf(r, 0, n, (j) => r.mul(given.at(i, j), given.at(i, j))));
    const nothing = r.number(r.add(r.mul(r.epsilon, r.sqrt(squares)), r.tiny)).value;
    r.each(0, n, (c) =>
      r.count(0, n, (i) => {
        m.put(c, i, symmetricAt(r, given, i, c));
        v.put(c, i, r.choose(r.same(i, c), 1, 0));
      }),
    );
    tournament(r, n, ({ pairs, meet, again }) => {
      r.each(0, pairs, (pair) => {
        turns.put(0, pair, 1);
        turns.put(1, pair, 0);
        meet(pair, (p, q) =>
          // Not "larger", so that a NaN spreads.
          r.when(r.not(r.less(r.abs(m.at(p, q)), nothing)), () => {
            again();
            const [cosine, sine] = turnOf(r, [m.at(p, p), m.at(p, q), m.at(q, q)]);
            turns.put(0, pair, cosine);
            turns.put(1, pair, sine);
          }),
        );
      });
      r.each(0, pairs, (pair) =>
        meet(pair, (p, q) =>
          whenTurned(r, turns, pair, (angle) =>
            r.count(0, n, (i) => {
              turn(r, m, angle, [p, i], [q, i]);
              turn(r, v, angle, [p, i], [q, i]);
            }),
          ),
        ),
      );
      r.each(0, n, (i) =>
        r.count(0, pairs, (pair) => meet(pair, (p, q) => whenTurned(r, turns, pair, (angle) => turn(r, m, angle, [i, p], [i, q])))),
      );
    });
    r.each(0, n, (c) => values.put(0, c, m.at(c, c)));
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

/** Does something with cosine and sine of a pair of the round, if it turns. */
function whenTurned<E extends Terms>(
  r: Routine<E>,
  turns: Matrix<E>,
  pair: E["index"],
  body: (angle: readonly [E["number"], E["number"]]) => void,
): void {
  const sine = r.number(turns.at(1, pair)).value;
  r.when(r.not(r.equal(sine, 0)), () => body([r.number(turns.at(0, pair)).value, sine]));
}

function unpacked(packed: Tensor, n: number): EighDecomposition {
  const [eigenvalues = packed, eigenvectors = packed] = partsOf(packed, [[n], [n, n]]);
  return { eigenvalues, eigenvectors };
}
