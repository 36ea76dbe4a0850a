import { type IndexOf, type ReadMatrix, type Routine, type Terms } from "../../op/routine.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { transpose } from "../view/permute.ts";

/**
 * The symmetric part of matrices: (x + xᵀ) / 2.
 *
 * @internal
 */
export function symmetric(x: Tensor): Tensor {
  return mul(add(x, transpose(x)), 0.5);
}

/**
 * The same of one element, in a routine.
 *
 * @internal
 */
export function symmetricAt<E extends Terms>(r: Routine<E>, a: ReadMatrix<E>, i: IndexOf<E>, j: IndexOf<E>): E["number"] {
  return r.mul(0.5, r.add(a.at(i, j), a.at(j, i)));
}
