import { isFloat } from "../../dtype.ts";
import { apply } from "../../op/apply.ts";
import { bool } from "../../op/attr.ts";
import { defineLibrary } from "../../op/define.ts";
import type { Tensor } from "../../tensor.ts";

/**
 * The positions that put each row of `x` [rows, n] in order. Equal values keep their order, in both directions; zeros of both signs
 * are equal, and so are NaN, which are larger than everything.
 */
export const argsortOp = defineLibrary<Tensor>()({
  name: "argsort",
  inputs: { x: "one" },
  attrs: { descending: bool },
  infer: ({ x }, _attrs, fail) => {
    if (!isFloat(x.dtype) && x.dtype !== "int32")
      fail({ code: "dtype/unsupported", sentence: `takes float32, float16 or int32, not ${x.dtype}`, hint: "cast first" });
    if (x.shape.length !== 2) fail({ code: "shape/argsort", sentence: `needs rows [rows, n], not [${x.shape.join(", ")}]` });
    return { shape: x.shape, dtype: "int32" };
  },
  vjp: () => ({ x: null }),
});

/** @internal */
export function orderOfRows(x: Tensor, descending: boolean): Tensor {
  return apply(argsortOp, { x }, { descending });
}
