import { apply } from "../../op/apply.ts";
import { integer } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { clampIndex, offsetIndex } from "../../scalar/index-expression.ts";
import type { Tensor } from "../../tensor.ts";
import { sum } from "../reduce/sum.ts";
import { concat } from "./concat.ts";
import { narrow } from "./slice.ts";

/** An axis made longer by its first and last element: each is read at the nearest place there is, which asks nothing of the element. */
export const replicateEdgeOp = defineLoop<Tensor>()({
  name: "replicateEdge",
  inputs: { x: "one" },
  attrs: { axis: integer, before: integer, after: integer },
  access: "view",
  infer: ({ x }, { axis, before, after }, fail) => {
    const extent = x.shape[axis] ?? 0;
    if (extent === 0 || before < 0 || after < 0)
      fail({
        code: "shape/pad",
        sentence: `${extent} elements along axis ${axis} have no edges to put ${before} and ${after} times around`,
      });
    return { shape: x.shape.with(axis, before + extent + after), dtype: x.dtype };
  },
  body: ({ x: { x }, attrs: { axis, before }, at }) =>
    x.at(at.map((index, i) => (i === axis ? clampIndex(offsetIndex(index, -before), x.shape[axis] ?? 1) : index))),
  vjp: ({ x: { x }, ct, attrs: { axis, before, after } }) => {
    const extent = x.shape[axis] ?? 1;
    const total = (start: number, length: number): Tensor => sum(narrow(ct, axis, start, length), { axis, keepDims: true });
    if (extent === 1) return { x: total(0, before + 1 + after) };
    const inner = narrow(ct, axis, before + 1, extent - 2);
    return { x: concat([total(0, before + 1), inner, total(before + extent - 1, after + 1)], { axis }) };
  },
});

/**
 * `x` with its first and last element along an axis some times more.
 *
 * @internal
 */
export function replicateEdge(x: Tensor, axis: number, before: number, after: number): Tensor {
  return before === 0 && after === 0 ? x : apply(replicateEdgeOp, { x }, { axis, before, after });
}
