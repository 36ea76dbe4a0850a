import { vjp } from "../../grad.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mul } from "../pointwise/arithmetic.ts";
import { padWith } from "../view/pad.ts";
import { permute } from "../view/permute.ts";
import { reshape } from "../view/reshape.ts";
import { narrow } from "../view/slice.ts";
import { applyReduction, countable, isFloatOr, reducedCount, reduction, type ReduceOptions } from "./axes.ts";

export const prodOp = reduction("prod", {
  combine: "prod",
  gives: isFloatOr("int32"),
  vjp: ({ ct, x, axes }) => vjp((input) => productByHalves(input, axes), [x]).pullback(ct)[0] ?? null,
});

/**
 * Product over axes, correct in every derivative where factors are zero; bool, uint8 and int8 are multiplied in int32.
 * The product of nothing is 1.
 */
export function prod(x: Tensor, options: ReduceOptions = {}): Tensor {
  return applyReduction(prodOp, countable(x), options);
}

/**
 * The same product as a tree of multiplications: its gradient multiplies the other factors instead of dividing by
 * the own one, in as many operations as there are factors.
 */
function productByHalves(x: Tensor, axes: readonly number[]): Tensor {
  const kept = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const groups = kept.map((axis) => x.shape[axis] ?? 1);
  const count = reducedCount(x.shape, axes);
  let factors = reshape(permute(x, [...kept, ...axes]), [sizeOf(groups), count]);
  for (let left = count; left !== 1; left = Math.ceil(left / 2)) {
    const even = padWith(factors, { before: [0, 0], after: [0, left === 0 ? 2 : left % 2], between: [0, 0], value: 1 });
    const half = Math.max(1, Math.ceil(left / 2));
    factors = mul(narrow(even, 1, 0, half), narrow(even, 1, half, half));
    if (left === 0) break;
  }
  return reshape(factors, groups);
}
