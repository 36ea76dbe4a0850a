import type { Tensor } from "../../tensor.ts";
import { div, mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { equal } from "../pointwise/comparison.ts";
import { applyReduction, isFloatOr, reduction, type ReduceOptions } from "./axes.ts";
import { sum } from "./sum.ts";

type Spread = (t: Tensor) => Tensor;

export const maxOp = reduction("max", {
  combine: "max",
  gives: isFloatOr("int32", "uint8", "int8", "bool"),
  vjp: ({ ct, x, out, spread, axes }) => shareAmongTies(ct, x, out, spread, axes),
});

export const minOp = reduction("min", {
  combine: "min",
  gives: isFloatOr("int32", "uint8", "int8", "bool"),
  vjp: ({ ct, x, out, spread, axes }) => shareAmongTies(ct, x, out, spread, axes),
});

export const argmaxOp = reduction("argmax", { combine: "argmax", gives: () => "int32", vjp: () => null });
export const argminOp = reduction("argmin", { combine: "argmin", gives: () => "int32", vjp: () => null });

/**
 * The largest value over axes; NaN if there is one. Equal largest values share the gradient evenly.
 *
 * @throws ShapeError over an axis of size 0.
 */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return applyReduction(maxOp, x, options);
}

/**
 * The smallest value over axes; NaN if there is one. Equal smallest values share the gradient evenly.
 *
 * @throws ShapeError over an axis of size 0.
 */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return applyReduction(minOp, x, options);
}

/**
 * Where the largest value is, in int32: its index along the axis, or its row-major position among several.
 * The first of equal ones counts; a NaN is larger than everything.
 *
 * @throws ShapeError over an axis of size 0.
 */
export function argmax(x: Tensor, options: ReduceOptions = {}): Tensor {
  return applyReduction(argmaxOp, x, options);
}

/**
 * Where the smallest value is, in int32: its index along the axis, or its row-major position among several.
 * The first of equal ones counts; a NaN is smaller than everything.
 *
 * @throws ShapeError over an axis of size 0.
 */
export function argmin(x: Tensor, options: ReduceOptions = {}): Tensor {
  return applyReduction(argminOp, x, options);
}

function shareAmongTies(ct: Tensor, x: Tensor, out: Tensor, spread: Spread, axes: readonly number[]): Tensor {
  const winners = cast(equal(x, spread(out)), "float32");
  return mul(winners, spread(div(ct, sum(winners, { axis: axes }))));
}
