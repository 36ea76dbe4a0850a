import type { Host } from "../../op/spec.ts";
import { type Shape, sizeOf } from "../../shape.ts";

/**
 * A matrix as references compute with it: rows of float64.
 *
 * @internal
 */
export type Rows = number[][];

/**
 * Every matrix of a batch.
 *
 * @internal
 */
export function matricesIn({ shape, data }: Host): Rows[] {
  const [rows = 0, columns = 0] = shape.slice(-2);
  return Array.from({ length: sizeOf(shape.slice(0, -2)) }, (_, item) =>
    Array.from({ length: rows }, (_row, i) => [...data.subarray((item * rows + i) * columns, (item * rows + i + 1) * columns)]),
  );
}

/** @internal */
export function at(m: Rows, i: number, j: number): number {
  return m[i]?.[j] ?? Number.NaN;
}

/** @internal */
export function filled(rows: number, columns: number, value: (i: number, j: number) => number): Rows {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_column, j) => value(i, j)));
}

/** @internal */
export function timesOf(a: Rows, b: Rows): Rows {
  return filled(a.length, b[0]?.length ?? 0, (i, j) => b.reduce((sum, row, p) => sum + at(a, i, p) * (row[j] ?? 0), 0));
}

/** @internal */
export function transposeOf(a: Rows): Rows {
  return filled(a[0]?.length ?? 0, a.length, (i, j) => at(a, j, i));
}

/** @internal */
export function symmetricPart(a: Rows): Rows {
  return filled(a.length, a.length, (i, j) => (at(a, i, j) + at(a, j, i)) / 2);
}

/**
 * Values of well-conditioned matrices: something between -1/2 and 1/2 everywhere, and on the diagonal i + 2 more, so that singular
 * values and eigenvalues lie apart.
 *
 * @internal
 */
export function apart(...shape: Shape): { readonly shape: Shape; readonly values: readonly number[] } {
  const [rows = 0, columns = 0] = shape.slice(-2);
  const values = Array.from({ length: sizeOf(shape) }, (_, position) => {
    const [i, j] = [Math.floor(position / columns) % rows, position % columns];
    return Math.round(128 * (Math.sin(7 * position + 1) / 2 + (i === j ? i + 2 : 0))) / 128;
  });
  return { shape, values };
}

/**
 * The same with rows in another order, so that pivots have to be looked for.
 *
 * @internal
 */
export function shuffled(...shape: Shape): ReturnType<typeof apart> {
  const [rows = 0, columns = 0] = shape.slice(-2);
  const { values } = apart(...shape);
  const moved = values.map((_, position) => {
    const [item, i, j] = [Math.floor(position / (rows * columns)), Math.floor(position / columns) % rows, position % columns];
    return values[(item * rows + ((i + 1 + item) % rows)) * columns + j] ?? 0;
  });
  return { shape, values: moved };
}

/**
 * Eigenvalues in ascending order and eigenvectors as columns, by rotations that each make one pair of elements zero (Jacobi, 1846).
 *
 * @internal
 */
export function eigenOf(symmetric: Rows): { readonly values: number[]; readonly vectors: Rows } {
  const n = symmetric.length;
  const a = symmetric.map((row) => [...row]);
  const v = filled(n, n, (i, j) => (i === j ? 1 : 0));
  const turn = (row: number[], p: number, q: number, angle: number): void => {
    const [x = 0, y = 0] = [row[p], row[q]];
    row[p] = Math.cos(angle) * x - Math.sin(angle) * y;
    row[q] = Math.sin(angle) * x + Math.cos(angle) * y;
  };
  for (let sweep = 0; sweep < 50; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(at(a, p, q)) < 1e-20) continue;
        const angle = Math.atan2(2 * at(a, p, q), at(a, q, q) - at(a, p, p)) / 2;
        for (const row of [...a, ...v]) turn(row, p, q, angle);
        for (let c = 0; c < n; c++) {
          const pair = [at(a, p, c), at(a, q, c)];
          turn(pair, 0, 1, angle);
          [a[p]![c], a[q]![c]] = [pair[0] ?? 0, pair[1] ?? 0];
        }
      }
  const order = a.map((_, i) => i).sort((i, j) => at(a, i, i) - at(a, j, j));
  return { values: order.map((i) => at(a, i, i)), vectors: filled(n, n, (i, j) => at(v, i, order[j] ?? 0)) };
}

/**
 * Vectors of length 1 at right angles, of which the first i span what the first i given ones do (Gram and Schmidt, each twice). One that
 * lies in the span of those before it is replaced by the unit vector that lies farthest from it.
 *
 * @internal
 */
export function orthonormal(vectors: Rows): Rows {
  const basis: Rows = [];
  const rest = (vector: readonly number[]): number[] => {
    let left = [...vector];
    for (const other of [...basis, ...basis]) {
      const inner = other.reduce((sum, value, i) => sum + value * (left[i] ?? 0), 0);
      left = left.map((value, i) => value - inner * (other[i] ?? 0));
    }
    return left;
  };
  for (const vector of vectors) {
    let left = rest(vector);
    if (Math.hypot(...left) <= 1e-12 * Math.max(...vectors.map((each) => Math.hypot(...each)))) {
      const units = vector.map((_, i) => rest(vector.map((_value, j) => (i === j ? 1 : 0))));
      left = units.reduce((best, unit) => (Math.hypot(...unit) > Math.hypot(...best) ? unit : best));
    }
    const length = Math.hypot(...left);
    basis.push(left.map((value) => value / length));
  }
  return basis;
}

/**
 * The sign that makes the largest of some numbers positive.
 *
 * @internal
 */
export function largestSign(values: readonly number[]): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > 1.001 * Math.abs(largest)) largest = value;
  return largest < 0 ? -1 : 1;
}
