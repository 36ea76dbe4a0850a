import { ArgumentError } from "@gradus/tensor";
import type { Initialiser } from "./initialiser.ts";

export interface SparseOptions {
  /** The part of each column that is 0, rounded up to whole elements. */
  readonly sparsity: number;
  /** Standard deviation of the rest; 0.01 when left out. */
  readonly std?: number;
}

/**
 * A weight [out, in] that is normal but for a part of each column, drawn anew for each, which is 0.
 * Source: Martens, Deep learning via Hessian-free optimization, 2010.
 *
 * @throws ArgumentError for a weight that is no matrix, or a sparsity outside 0 .. 1.
 */
export function sparse({ sparsity, std = 0.01 }: SparseOptions): Initialiser {
  if (!(sparsity >= 0 && sparsity <= 1))
    throw new ArgumentError("init/sparsity", `sparsity must lie in 0 .. 1, and is ${sparsity}`, { subject: "init" });
  return (shape, random) => {
    const [rows, columns] = shape;
    if (rows === undefined || columns === undefined || shape.length !== 2)
      throw new ArgumentError("init/sparse", `needs a weight [out, in], not [${shape.join(", ")}]`, { subject: "init" });
    const values = random.normal(rows * columns, 0, std);
    const ranks = random.fork("zeros").uniform(rows * columns, 0, 1);
    const rankAt = (row: number, column: number): number => ranks[row * columns + column] ?? 0;
    const zeros = Math.ceil(sparsity * rows);
    for (let column = 0; column < columns; column++) {
      const order = Array.from({ length: rows }, (_, row) => row).toSorted((a, b) => rankAt(a, column) - rankAt(b, column));
      for (const row of order.slice(0, zeros)) values[row * columns + column] = 0;
    }
    return values;
  };
}
