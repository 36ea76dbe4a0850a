import { ArgumentError, type Shape, sizeOf } from "@gradus/tensor";
import type { Initialiser } from "./initialiser.ts";

/**
 * A weight [out, ...] whose rows are orthogonal and of length `gain`; with fewer columns than rows, its columns. 1 when left
 * out. It is the Q of a normal matrix's QR factors, with the signs that make R's diagonal positive, so that every orthogonal
 * matrix is equally likely. Source: Saxe, McClelland and Ganguli, 2014.
 *
 * @throws ArgumentError for a weight with fewer than two axes.
 */
export function orthogonal({ gain = 1 }: { readonly gain?: number } = {}): Initialiser {
  return (shape, random) => {
    const { rows, columns } = matrixOf(shape);
    const drawn = random.normal(rows * columns, 0, 1);
    // The shorter side's vectors: rows of a wide matrix, columns of a tall one.
    const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
    const place = (vector: number, i: number): number => (rows < columns ? vector * columns + i : i * columns + vector);
    const vectors = Array.from({ length: count }, (_, v) => Float64Array.from({ length }, (__, i) => drawn[place(v, i)] ?? 0));
    orthonormalise(vectors);
    const values = new Float32Array(drawn.length);
    for (const [v, vector] of vectors.entries()) for (const [i, value] of vector.entries()) values[place(v, i)] = gain * value;
    return values;
  };
}

/** Gram and Schmidt's method in place; a second round removes what rounding left of the first. */
function orthonormalise(vectors: readonly Float64Array[]): void {
  for (const [v, vector] of vectors.entries()) {
    for (let round = 0; round < 2; round++) {
      for (const other of vectors.slice(0, v)) subtract(vector, other, dot(vector, other));
    }
    const length = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) / length;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function subtract(from: Float64Array, vector: Float64Array, scale: number): void {
  for (let i = 0; i < from.length; i++) from[i] = (from[i] ?? 0) - scale * (vector[i] ?? 0);
}

function matrixOf(shape: Shape): { readonly rows: number; readonly columns: number } {
  const [rows = 0] = shape;
  if (shape.length >= 2) return { rows, columns: sizeOf(shape.slice(1)) };
  throw new ArgumentError("init/orthogonal", `needs a weight with at least two axes, not [${shape.join(", ")}]`, {
    subject: "init",
    hint: "use uniform, normal or constant for vectors",
  });
}
