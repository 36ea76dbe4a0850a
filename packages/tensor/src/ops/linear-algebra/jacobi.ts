import type { Matrix, Routine, Terms } from "../../op/routine.ts";

/** Sweeps over all pairs at most. Convergence is quadratic: matrices of some hundred columns take 6 to 10. */
const mostSweeps = 30;

/**
 * One round of a tournament, in which nobody meets two others.
 *
 * @internal
 */
export interface Round<E extends Terms> {
  readonly pairs: number;
  /** Tells something of a pair; nothing of the one that rests, where their number is odd. */
  readonly meet: (pair: E["index"], body: (p: E["index"], q: E["index"]) => void) => void;
  /** Asks for another sweep over all pairs. */
  readonly again: () => void;
}

/**
 * Sweeps over all pairs of `n`, in rounds as of a round-robin tournament, as long as a round asks for another.
 *
 * Source: Brent and Luk, The solution of singular-value and symmetric eigenvalue problems on multiprocessor arrays (1985).
 *
 * @internal
 */
export function tournament<E extends Terms>(r: Routine<E>, n: number, play: (round: Round<E>) => void): void {
  if (n < 2) return;
  const others = n - 1 + (n % 2);
  r.repeat(mostSweeps, (again) =>
    r.count(0, others, (round) =>
      play({
        pairs: (others + 1) / 2,
        meet: (pair, body) => {
          const p = r.index(r.modulo(r.plus(round, pair), others)).value;
          const q = r.index(r.pick(r.same(pair, 0), others, r.modulo(r.minus(r.plus(round, others), pair), others))).value;
          r.when(r.before(q, n), () => body(p, q));
        },
        again,
      }),
    ),
  );
}

/**
 * Cosine and sine of the smaller angle by which two columns are turned so that nothing is left of `pq`, where pp, pq and qq are what a
 * symmetric matrix has of them: (c, s) makes p into c p - s q, and q into s p + c q.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 8.5.
 *
 * @internal
 */
export function turnOf<E extends Terms>(
  r: Routine<E>,
  [pp, pq, qq]: readonly [E["number"], E["number"], E["number"]],
): readonly [cosine: E["number"], sine: E["number"]] {
  const ratio = r.number(r.div(r.sub(qq, pp), r.mul(2, pq))).value;
  const size = r.add(r.abs(ratio), r.sqrt(r.add(1, r.mul(ratio, ratio))));
  const tangent = r.number(r.div(r.choose(r.less(ratio, 0), -1, 1), size)).value;
  const cosine = r.number(r.div(1, r.sqrt(r.add(1, r.mul(tangent, tangent))))).value;
  return [cosine, r.number(r.mul(cosine, tangent)).value];
}

/**
 * Turns two elements of a matrix.
 *
 * @internal
 */
export function turn<E extends Terms>(
  r: Routine<E>,
  m: Matrix<E>,
  [cosine, sine]: readonly [E["number"], E["number"]],
  first: At<E>,
  second: At<E>,
): void {
  const [a, b] = [r.number(m.at(...first)).value, r.number(m.at(...second)).value];
  m.put(...first, r.sub(r.mul(cosine, a), r.mul(sine, b)));
  m.put(...second, r.add(r.mul(sine, a), r.mul(cosine, b)));
}

type At<E extends Terms> = readonly [row: E["index"], column: E["index"]];

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
