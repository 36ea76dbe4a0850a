import { apply } from "../../op/apply.ts";
import { integers } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { offsetIndex, scaleIndex } from "../../scalar/index-expression.ts";
import type { Tensor } from "../../tensor.ts";
import { resolveAxes } from "../reduce/axes.ts";

export const flipOp = defineLoop<Tensor>()({
  name: "flip",
  inputs: { x: "one" },
  attrs: { axes: integers },
  access: "view",
  infer: ({ x }, { axes }, fail) => {
    if (axes.some((axis) => axis < 0 || axis >= x.shape.length))
      fail({ code: "shape/flip", sentence: `[${axes.join(", ")}] names an axis that [${x.shape.join(", ")}] does not have` });
    return x;
  },
  body: ({ x: { x }, attrs: { axes }, at }) =>
    x.at(at.map((index, axis) => (axes.includes(axis) ? offsetIndex(scaleIndex(index, -1), (x.shape[axis] ?? 1) - 1) : index))),
  vjp: ({ ct, attrs: { axes } }) => ({ x: flip(ct, axes) }),
});

/**
 * The elements in reverse order along axes: all of them when left out. Costs nothing.
 *
 * @throws ArgumentError for an axis the tensor does not have, or one named twice.
 */
export function flip(x: Tensor, axis?: number | readonly number[]): Tensor {
  return apply(flipOp, { x }, { axes: resolveAxes("flip", x, axis) });
}
