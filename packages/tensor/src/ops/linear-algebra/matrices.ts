import { type DType, isFloat } from "../../dtype.ts";
import type { Aval, Fail } from "../../op/define.ts";
import { broadcastShapes, sameShape, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { ShapeError } from "../../errors.ts";
import { broadcastTo } from "../view/expand.ts";
import { reshape } from "../view/reshape.ts";
import { narrow } from "../view/slice.ts";

/**
 * The rows, columns and batch of matrices of floats.
 *
 * @internal
 */
export function matricesOf(
  { shape, dtype }: Aval,
  fail: Fail,
): { readonly batch: Shape; readonly rows: number; readonly columns: number; readonly dtype: DType } {
  if (!isFloat(dtype)) fail({ code: "dtype/unsupported", sentence: `takes float32 or float16, not ${dtype}`, hint: "cast first" });
  const [rows, columns] = shape.slice(-2);
  if (rows === undefined || columns === undefined)
    fail({ code: "shape/matrix", sentence: `needs matrices [..., n, m], not [${shape.join(", ")}]` });
  return { batch: shape.slice(0, -2), rows, columns, dtype };
}

/**
 * The same of matrices that must be square.
 *
 * @internal
 */
export function squareOf(a: Aval, fail: Fail): ReturnType<typeof matricesOf> {
  const found = matricesOf(a, fail);
  if (found.rows !== found.columns)
    fail({ code: "shape/square", sentence: `needs square matrices, not ${found.rows} rows of ${found.columns}` });
  return found;
}

/**
 * Checks a system of equations: square matrices and right-hand sides of as many rows, of one batch and dtype.
 *
 * @internal
 */
export function systemOf(a: Aval, b: Aval, fail: Fail): Aval {
  const { batch, rows, dtype } = squareOf(a, fail);
  const right = matricesOf(b, fail);
  if (right.dtype !== dtype)
    fail({ code: "dtype/mixed", sentence: `needs one dtype, not ${dtype} and ${right.dtype}`, hint: "cast one of them" });
  if (right.rows !== rows || !sameShape(right.batch, batch)) {
    fail({
      code: "shape/system",
      sentence: `equations [${a.shape.join(", ")}] do not go with right-hand sides [${b.shape.join(", ")}]`,
    });
  }
  return b;
}

/**
 * How many matrices there are.
 *
 * @internal
 */
export function itemsOf({ shape }: Aval): number {
  return sizeOf(shape.slice(0, -2));
}

/**
 * Two tensors of matrices with the same batch axes, those of size 1 repeated.
 *
 * @internal
 */
export function sameBatch(subject: string, a: Tensor, b: Tensor): readonly [a: Tensor, b: Tensor] {
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (batch === null)
    throw new ShapeError("shape/batch", "batch axes do not broadcast", { subject, facts: { a: String(a), b: String(b) } });
  return [broadcastTo(a, [...batch, ...a.shape.slice(-2)]), broadcastTo(b, [...batch, ...b.shape.slice(-2)])];
}

/**
 * The parts of which the last axis holds one after the other, each in its own shape.
 *
 * @internal
 */
export function partsOf(packed: Tensor, shapes: readonly Shape[]): Tensor[] {
  let first = 0;
  return shapes.map((shape) => {
    const part = narrow(packed, -1, first, sizeOf(shape));
    first += sizeOf(shape);
    return reshape(part, [...packed.shape.slice(0, -1), ...shape]);
  });
}
