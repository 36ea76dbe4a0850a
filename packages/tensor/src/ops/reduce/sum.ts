import type { Tensor } from "../../tensor.ts";
import { cast } from "../pointwise/cast.ts";
import { applyReduction, countable, isFloatOr, reducedCount, reduction, type ReduceOptions, resolveAxes } from "./axes.ts";
import { div } from "../pointwise/arithmetic.ts";

export const sumOp = reduction("sum", {
  combine: "sum",
  gives: isFloatOr("int32"),
  vjp: ({ ct, spread }) => spread(ct),
});

/** Sum over axes; bool, uint8 and int8 are counted in int32. The sum of nothing is 0. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return applyReduction(sumOp, countable(x), options);
}

/** Arithmetic mean over axes, in float32. The mean of nothing is NaN. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const count = reducedCount(x.shape, resolveAxes("mean", x, options.axis));
  return div(sum(cast(x, "float32"), options), count);
}
