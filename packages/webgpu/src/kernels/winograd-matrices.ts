/** Rows of coefficients. */
export type Matrix = readonly (readonly number[])[];

/** Matrices of a correlation y = output ((filter g) * (image d)), multiplied element by element: A^T, G and B^T in the papers. */
export interface MinimalFiltering {
  readonly image: Matrix;
  readonly filter: Matrix;
  readonly output: Matrix;
}

/**
 * F(outputs, taps): a correlation of `outputs + taps - 1` values with `taps` taps in as many multiplications as it has values, 4 or 6.
 *
 * The product of two polynomials, transposed: both are evaluated at a point for each value, the last of which is infinity. With
 * 0, ±√½ and ±√2 errors are a third of those with 0, ±1 and ±2 (decision 0011).
 *
 * Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, section 4.
 */
export function minimalFiltering(outputs: number, taps: number): MinimalFiltering {
  const points = outputs + taps === 5 ? [0, 1, -1] : [0, Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT2, -Math.SQRT2];
  const others = (point: number): readonly number[] => points.filter((other) => other !== point);
  const powers = (count: number): Matrix => [
    ...points.map((point) => Array.from({ length: count }, (_, power) => point ** power)),
    Array.from({ length: count }, (_, power) => (power === count - 1 ? 1 : 0)),
  ];
  const scales = [...points.map((point) => others(point).reduce((product, other) => product * (point - other), 1)), 1];
  return {
    image: [...points.map((point) => [...withRoots(others(point)), 0]), withRoots(points)],
    filter: powers(taps).map((row, i) => row.map((power) => power / (scales[i] ?? 1))),
    output: transposed(powers(outputs)),
  };
}

/** Coefficients of the product of (x - root), from the constant on. */
function withRoots(roots: readonly number[]): readonly number[] {
  return roots.reduce<readonly number[]>((all, root) => [...all, 0].map((each, i) => (all[i - 1] ?? 0) - root * each), [1]);
}

function transposed(matrix: Matrix): Matrix {
  return (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column] ?? 0));
}

/** WGSL that takes a square of values `from0_0`, ... through a matrix along both axes: M d M^T in `to0_0`, ... */
export function throughMatrix(matrix: Matrix, from: string, to: string): string {
  const columns = matrix[0] ?? [];
  const half = `${to}Half`;
  return [
    ...columns.flatMap((_, i) => matrix.map((row, l) => `let ${half}${i}_${l} = ${combination(row, (j) => `${from}${i}_${j}`)};`)),
    ...matrix.flatMap((row, k) => matrix.map((_, l) => `let ${to}${k}_${l} = ${combination(row, (i) => `${half}${i}_${l}`)};`)),
  ].join("\n");
}

function combination(coefficients: readonly number[], name: (i: number) => string): string {
  const sum = coefficients.reduce((before, coefficient, i) => {
    const factor = Math.fround(coefficient);
    if (factor === 0) return before;
    if (before === "") return factor === 1 ? name(i) : `${factor}f * ${name(i)}`;
    if (factor === 1) return `(${before} + ${name(i)})`;
    return factor === -1 ? `(${before} - ${name(i)})` : `fma(${factor}f, ${name(i)}, ${before})`;
  }, "");
  return sum === "" ? "0.0f" : sum;
}
