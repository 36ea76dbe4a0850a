import type { LibraryCall } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import type { Contraction } from "./contraction.ts";
import type { Operand } from "./kernel.ts";

/** A batch of matrix products as a contraction. */
export function matmulContraction(
  { x: { a, b }, attrs: { transposeA, transposeB }, out }: LibraryCall<"matmul">,
  operands: readonly [Operand, Operand],
): Contraction {
  const [m = 1, n = 1] = out.shape.slice(-2);
  const k = a.shape.at(transposeA ? -2 : -1) ?? 1;
  const batch = sizeOf(out.shape.slice(0, -2));
  const item = (z: string, shape: readonly number[], elements: number): string =>
    sizeOf(shape.slice(0, -2)) === 1 ? "" : `${z} * ${elements} + `;
  return {
    name: "matmul",
    operands,
    batch,
    rows: [m],
    columns: [n],
    inner: [k],
    left: (z, [row = "0"], [p = "0"]) => ({
      index: `${item(z, a.shape, m * k)}${transposeA ? `${p} * ${m} + ${row}` : `${row} * ${k} + ${p}`}`,
      inside: null,
    }),
    right: (z, [column = "0"], [p = "0"]) => ({
      index: `${item(z, b.shape, k * n)}${transposeB ? `${column} * ${k} + ${p}` : `${p} * ${n} + ${column}`}`,
      inside: null,
    }),
    output: (z, [row = "0"], [column = "0"]) => `(${z} * ${m} + ${row}) * ${n} + ${column}`,
  };
}
