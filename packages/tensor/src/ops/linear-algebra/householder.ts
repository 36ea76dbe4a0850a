import { type Matrix, type Routine, sumOf, type Terms } from "../../op/routine.ts";

/** Reflections that make a matrix triangular: H = I - factor v vᵀ, where v lies in the matrix, from the diagonal on. */
interface Reflections<E extends Terms> {
  /** The triangle's diagonal, [1, min(rows, columns)]. */
  readonly diagonal: Matrix<E>;
  readonly factors: Matrix<E>;
}

/**
 * Makes a matrix upper triangular by reflections. `w` holds it column by column, [columns, rows], and is left with the triangle above
 * the diagonal and the reflections' vectors below it.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, sections 5.1 and 5.2.
 *
 * @internal
 */
export function reflect<E extends Terms>(r: Routine<E>, w: Matrix<E>, rows: number, columns: number): Reflections<E> {
  const steps = Math.min(rows, columns);
  const [diagonal, factors] = [r.scratch(1, steps), r.scratch(1, steps)];
  r.count(0, steps, (j) => {
    const below = r.index(r.plus(j, 1)).value;
    const head = r.number(w.at(j, j)).value;
    const tail = sumOf(r, below, rows, (i) => r.mul(w.at(j, i), w.at(j, i)));
    const length = r.number(r.sqrt(r.add(r.mul(head, head), tail))).value;
    const done = r.equal(tail, 0);
    // Away from the head, so that nothing cancels.
    const image = r.number(r.choose(done, head, r.choose(r.less(head, 0), length, r.sub(0, length)))).value;
    const first = r.number(r.sub(head, image)).value;
    const factor = r.number(r.choose(done, 0, r.div(1, r.mul(length, r.add(length, r.abs(head)))))).value;
    r.each(below, columns, (c) => {
      const inner = sumOf(r, below, rows, (i) => r.mul(w.at(j, i), w.at(c, i)));
      const scale = r.number(r.mul(factor, r.add(inner, r.mul(first, w.at(c, j))))).value;
      w.put(c, j, r.sub(w.at(c, j), r.mul(scale, first)));
      r.count(below, rows, (i) => w.put(c, i, r.sub(w.at(c, i), r.mul(scale, w.at(j, i)))));
    });
    r.each(0, 1, () => {
      w.put(j, j, first);
      diagonal.put(0, j, image);
      factors.put(0, j, factor);
    });
  });
  return { diagonal, factors };
}

/**
 * The first columns of the product of the reflections, as columns of length 1 at right angles: `q` is [columns, rows].
 *
 * @internal
 */
export function reflected<E extends Terms>(
  r: Routine<E>,
  w: Matrix<E>,
  { factors }: Reflections<E>,
  rows: number,
  columns: number,
): Matrix<E> {
  const q = r.scratch(columns, rows);
  r.each(0, columns, (c) => {
    r.count(0, rows, (i) => q.put(c, i, r.choose(r.same(c, i), 1, 0)));
    r.count(0, columns, (step) => {
      const j = r.index(r.minus(columns - 1, step)).value;
      const inner = sumOf(r, j, rows, (i) => r.mul(w.at(j, i), q.at(c, i)));
      const scale = r.number(r.mul(factors.at(0, j), inner)).value;
      r.count(j, rows, (i) => q.put(c, i, r.sub(q.at(c, i), r.mul(scale, w.at(j, i)))));
    });
  });
  return q;
}

/**
 * 1, or -1 where a triangle's diagonal is negative: with it the diagonal becomes positive.
 *
 * @internal
 */
export function signAt<E extends Terms>(r: Routine<E>, { diagonal }: Reflections<E>, at: E["index"]): E["number"] {
  return r.number(r.choose(r.less(diagonal.at(0, at), 0), -1, 1)).value;
}
