import type { Matrix, Routine, Terms, Variable } from "../../op/routine.ts";

/**
 * Gaussian elimination with partial pivoting on the first `n` columns of a matrix of `n` rows and `width` columns: leaves the upper
 * triangle in them, and in the others what becomes of right-hand sides. Gives the sign of the exchange of rows.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 3.4.
 *
 * @internal
 */
export function eliminate<E extends Terms>(r: Routine<E>, m: Matrix<E>, n: number, width: number): Variable<E["number"]> {
  const sign = r.number(1);
  r.count(0, n, (j) => {
    const largest = r.index(j);
    const size = r.number(r.abs(m.at(j, j)));
    r.count(r.plus(j, 1), n, (i) => {
      const own = r.number(r.abs(m.at(i, j)));
      r.when(r.less(size.value, own.value), () => {
        size.set(own.value);
        largest.set(i);
      });
    });
    sign.set(r.choose(r.same(largest.value, j), sign.value, r.sub(0, sign.value)));
    r.each(j, width, (c) => {
      const upper = r.number(m.at(j, c));
      m.put(j, c, m.at(largest.value, c));
      m.put(largest.value, c, upper.value);
    });
    const pivot = r.number(m.at(j, j));
    r.each(r.plus(j, 1), n, (i) => {
      // Below a pivot of 0 there are only zeros.
      const factor = r.number(r.choose(r.equal(size.value, 0), 0, r.div(m.at(i, j), pivot.value)));
      r.count(r.plus(j, 1), width, (c) => m.put(i, c, r.sub(m.at(i, c), r.mul(factor.value, m.at(j, c)))));
    });
  });
  return sign;
}
