import { type Matrix, type Routine, sumOf, type Terms } from "../../op/routine.ts";

/** Sweeps over all pairs at most. Convergence is quadratic: matrices of some hundred columns take 6 to 10. */
const mostSweeps = 30;

/**
 * Turns the columns of a matrix until each is at right angles to the others, pair by pair, and the columns of `v` with them: one-sided
 * Jacobi. Both hold columns as rows: `w` [columns, rows], `v` [columns, columns].
 *
 * Pairs meet as in a round-robin tournament, so that those of one round have nothing in common.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, sections 8.5.3 (angles), 8.5.8 (order) and 8.6.4 (one-sided).
 *
 * @internal
 */
export function orthogonalise<E extends Terms>(r: Routine<E>, w: Matrix<E>, v: Matrix<E>, rows: number, columns: number): void {
  if (columns < 2) return;
  const others = columns - 1 + (columns % 2);
  const dot = (p: E["index"], q: E["index"]): E["number"] => sumOf(r, 0, rows, (i) => r.mul(w.at(p, i), w.at(q, i)));
  r.repeat(mostSweeps, (again) =>
    r.count(0, others, (round) =>
      r.each(0, (others + 1) / 2, (pair) => {
        const p = r.index(r.modulo(r.plus(round, pair), others)).value;
        const q = r.index(r.pick(r.same(pair, 0), others, r.modulo(r.minus(r.plus(round, others), pair), others))).value;
        // With an odd number of columns one of them rests.
        r.when(r.before(q, columns), () => {
          const [pp, qq, pq] = [dot(p, p), dot(q, q), dot(p, q)];
          const nothing = r.add(r.mul(r.epsilon, r.mul(r.sqrt(pp), r.sqrt(qq))), r.tiny);
          // Not "larger", so that a NaN spreads.
          r.when(r.not(r.less(r.abs(pq), nothing)), () => {
            again();
            const ratio = r.number(r.div(r.sub(qq, pp), r.mul(2, pq))).value;
            const size = r.add(r.abs(ratio), r.sqrt(r.add(1, r.mul(ratio, ratio))));
            const tangent = r.number(r.div(r.choose(r.less(ratio, 0), -1, 1), size)).value;
            const cosine = r.number(r.div(1, r.sqrt(r.add(1, r.mul(tangent, tangent))))).value;
            const sine = r.number(r.mul(cosine, tangent)).value;
            const turn = (m: Matrix<E>, length: number): void =>
              r.count(0, length, (i) => {
                const [a, b] = [r.number(m.at(p, i)).value, r.number(m.at(q, i)).value];
                m.put(p, i, r.sub(r.mul(cosine, a), r.mul(sine, b)));
                m.put(q, i, r.add(r.mul(sine, a), r.mul(cosine, b)));
              });
            turn(w, rows);
            turn(v, columns);
          });
        });
      }),
    ),
  );
}

/**
 * Where a value stands among `count` when they are sorted, the largest first; equal ones, and NaN, in their order.
 *
 * @internal
 */
export function rankOf<E extends Terms>(r: Routine<E>, values: Matrix<E>, of: E["index"], count: number): E["index"] {
  const key = (i: E["index"]): E["number"] => r.number(r.choose(r.less(values.at(0, i), 3e38), values.at(0, i), 3e38)).value;
  const own = key(of);
  const rank = r.index(0);
  r.count(0, count, (i) => {
    const other = key(i);
    r.when(r.less(own, other), () => rank.set(r.plus(rank.value, 1)));
    r.when(r.equal(own, other), () => rank.set(r.plus(rank.value, r.pick(r.before(i, of), 1, 0))));
  });
  return rank.value;
}

/**
 * The sign that makes a row's largest element positive; of those about as large (within a thousandth of each other), the first.
 *
 * @internal
 */
export function signOf<E extends Terms>(r: Routine<E>, v: Matrix<E>, row: E["index"], length: number): E["number"] {
  const [largest, sign] = [r.number(0), r.number(1)];
  r.count(0, length, (i) => {
    const own = r.number(v.at(row, i)).value;
    r.when(r.less(r.mul(largest.value, 1.001), r.abs(own)), () => {
      largest.set(r.abs(own));
      sign.set(r.choose(r.less(own, 0), -1, 1));
    });
  });
  return sign.value;
}
