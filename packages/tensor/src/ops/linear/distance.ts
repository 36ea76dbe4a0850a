import { ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { sub } from "../pointwise/arithmetic.ts";
import { norm } from "../reduce/norm.ts";
import { unsqueeze } from "../view/squeeze.ts";

/**
 * Distances between all rows of two batches: y[..., i, j] = (Σ_k |a[..., i, k] - b[..., j, k]|^p)^(1/p), from the differences
 * themselves, so near rows lose no digits. The gradient where two rows agree is 0.
 *
 * Shapes: `a` [..., n, k], `b` [..., m, k], batch axes broadcast, result [..., n, m].
 *
 * @throws ShapeError if the rows differ in length or the batch axes do not broadcast; ArgumentError if p is NaN.
 */
export function cdist(a: Tensor, b: Tensor, { p = 2 }: { readonly p?: number } = {}): Tensor {
  if (a.rank < 2 || b.rank < 2 || a.shape.at(-1) !== b.shape.at(-1)) {
    throw new ShapeError("shape/cdist", "both must hold rows of one length", { subject: "cdist", facts: { a: String(a), b: String(b) } });
  }
  return norm(sub(unsqueeze(a, -2), unsqueeze(b, -3)), { p, axis: -1 });
}
