import { asFactor } from "../../autocast.ts";
import { ShapeError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { bool } from "../../op/attr.ts";
import { defineLibrary } from "../../op/define.ts";
import { broadcastShapes, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { factorsDType } from "./factors.ts";
import { concat, stack } from "../view/concat.ts";
import { broadcastTo, sumTo } from "../view/expand.ts";
import { reshape } from "../view/reshape.ts";

export const matmulOp = defineLibrary<Tensor>()({
  name: "matmul",
  inputs: { a: "one", b: "one" },
  attrs: { transposeA: bool, transposeB: bool },

  infer({ a, b }, { transposeA, transposeB }, fail) {
    const dtype = factorsDType(a, b, fail);
    if (a.shape.length < 2 || b.shape.length < 2)
      fail({ code: "shape/matmul-rank", sentence: "both inputs must be matrices or batches of matrices" });
    const [m, k] = matrixShape(a.shape, transposeA);
    const [inner, n] = matrixShape(b.shape, transposeB);
    if (k !== inner) {
      fail({
        code: "shape/matmul-inner",
        sentence: `inner dimensions differ (${k} and ${inner})`,
        ...(k === n ? { hint: "b looks transposed; pass transposeB: true" } : {}),
      });
    }
    const batch =
      broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)) ??
      fail({ code: "shape/matmul-batch", sentence: "batch dimensions do not broadcast" });
    if (!servesBatch(a.shape, batch) || !servesBatch(b.shape, batch)) {
      fail({
        code: "shape/matmul-batch-mixed",
        sentence: "an operand holds one matrix, or one for every item of the batch",
        hint: "expand the batch axes, as matmul() does",
      });
    }
    return { shape: [...batch, m, n], dtype };
  },

  transposes: { a: "transposeA", b: "transposeB" },
  axes: ({ shape }) => [sizeOf(shape.slice(0, -2)), ...shape.slice(-2)],

  total: stacked,
  totalOfSteps({ x: { a, b }, out, attrs: { transposeA, transposeB } }) {
    const [steps = 1] = a.shape;
    if (!transposeA || transposeB || a.rank !== 3 || b.rank !== 3 || a.size + b.size > steps * sizeOf(out.shape)) return null;
    const below = (matrices: Tensor): Tensor => reshape(matrices, [-1, matrices.shape[2] ?? 0]);
    return matmul(below(a), below(b), { transposeA: true });
  },
  vjp({ x: { a, b }, ct, attrs: { transposeA: ta, transposeB: tb } }) {
    const da = ta ? matmul(b, ct, { transposeA: tb, transposeB: true }) : matmul(ct, b, { transposeB: !tb });
    const db = tb ? matmul(ct, a, { transposeA: true, transposeB: ta }) : matmul(a, ct, { transposeA: !ta });
    return { a: sumTo(da, a.shape), b: sumTo(db, b.shape) };
  },
});

export interface MatmulOptions {
  /** Reads `a` as its transpose: [..., k, m]. */
  readonly transposeA?: boolean;
  /** Reads `b` as its transpose: [..., n, k]. */
  readonly transposeB?: boolean;
}

/**
 * Matrix product: c[..., i, j] = Σ_p a[..., i, p] * b[..., p, j].
 *
 * Shapes: `a` [..., m, k], `b` [..., k, n], batch axes broadcast, result [..., m, n]. A vector is a row on the
 * left and a column on the right, and its axis is dropped from the result. Halves are multiplied with halves: sums are made in
 * float32, and the result is rounded to float16.
 *
 * @throws ShapeError if the inner dimensions differ or the batch axes do not broadcast.
 */
export function matmul(first: Tensor, second: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  const [a, b] = [asFactor(first), asFactor(second)];
  if (a.rank === 0 || b.rank === 0) {
    throw new ShapeError("shape/matmul-rank", "a scalar has no rows to multiply", {
      subject: "matmul",
      facts: { a: String(a), b: String(b) },
      hint: "use mul",
    });
  }
  if (a.rank > 1 && b.rank > 1) return apply(matmulOp, batched(a, b), { transposeA, transposeB });
  const left = a.rank === 1 ? reshape(a, [1, a.size]) : a;
  const right = b.rank === 1 ? reshape(b, [b.size, 1]) : b;
  const product = apply(matmulOp, { a: left, b: right }, { transposeA: transposeA && a.rank > 1, transposeB: transposeB && b.rank > 1 });
  const kept = product.shape.filter(
    (_, axis) => !(a.rank === 1 && axis === product.rank - 2) && !(b.rank === 1 && axis === product.rank - 1),
  );
  return reshape(product, kept);
}

interface Product {
  readonly x: { readonly a: Tensor; readonly b: Tensor };
  readonly out: Tensor;
  readonly attrs: Required<MatmulOptions>;
}

/**
 * Σ aᵢᵀ bᵢ as one product of the aᵢ and the bᵢ, each one below the other: a weight's gradient over the steps of a recurrence.
 * Null where that copies more than it saves: stacking moves the factors once, adding reads and writes each product.
 */
function stacked(products: readonly Product[]): Tensor | null {
  const stackable = products.every(
    ({ x: { a, b }, out, attrs: { transposeA, transposeB } }) =>
      transposeA && !transposeB && out.rank === 2 && a.rank === 2 && b.rank === 2 && a.size + b.size <= out.size,
  );
  if (!stackable) return null;
  // Gradients arrive last step first. In the order of the steps, what is stacked here is what they give side by side elsewhere.
  const inOrder = products.toReversed();
  return matmul(below(inOrder.map(({ x: { a } }) => a)), below(inOrder.map(({ x: { b } }) => b)), { transposeA: true });
}

/** Matrices one below the other; of one shape, as a stack of them has them. */
function below(matrices: readonly Tensor[]): Tensor {
  const [rows = 0, columns = 0] = matrices[0]?.shape ?? [];
  const alike = matrices.every(({ shape }) => shape[0] === rows);
  return alike ? reshape(stack(matrices), [matrices.length * rows, columns]) : concat(matrices);
}

/** Whether an operand's batch axes are the result's, or hold one matrix that serves all. */
function servesBatch(shape: Shape, batch: Shape): boolean {
  const own = sizeOf(shape.slice(0, -2));
  return own === 1 || own === sizeOf(batch);
}

/** Expands batch axes that repeat only in part; a single matrix is left to the kernel to repeat. */
function batched(a: Tensor, b: Tensor): { readonly a: Tensor; readonly b: Tensor } {
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (batch === null) return { a, b };
  const fit = (x: Tensor): Tensor => (servesBatch(x.shape, batch) ? x : broadcastTo(x, [...batch, ...x.shape.slice(-2)]));
  return { a: fit(a), b: fit(b) };
}

function matrixShape(shape: Shape, transpose: boolean): readonly [rows: number, columns: number] {
  const rows = shape[shape.length - 2] ?? 1;
  const columns = shape[shape.length - 1] ?? 1;
  return transpose ? [columns, rows] : [rows, columns];
}
