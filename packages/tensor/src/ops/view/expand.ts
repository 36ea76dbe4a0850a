import { apply } from "../../op/apply.ts";
import { integers } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { constantIndex } from "../../scalar/index-expression.ts";
import { sameShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { sum } from "../reduce/sum.ts";
import { reshape } from "./reshape.ts";

export const expandOp = defineLoop<Tensor>()({
  name: "expand",
  inputs: { x: "one" },
  attrs: { shape: integers },
  access: "view",
  infer: ({ x }, { shape }, fail) => {
    const lead = shape.length - x.shape.length;
    if (lead < 0 || x.shape.some((extent, axis) => extent !== 1 && extent !== shape[lead + axis])) {
      fail({
        code: "shape/expand",
        sentence: `[${x.shape.join(", ")}] does not expand to [${shape.join(", ")}]`,
        hint: "an axis keeps its size or has size 1",
      });
    }
    return { shape, dtype: x.dtype };
  },
  body: ({ x: { x }, at }) => {
    const lead = at.length - x.shape.length;
    return x.at(at.slice(lead).map((index, axis) => (x.shape[axis] === 1 ? constantIndex(0) : index)));
  },
  vjp: ({ x: { x }, ct }) => ({ x: sumTo(ct, x.shape) }),
});

/**
 * Repeats axes of size 1, and adds leading axes, until the shape is `shape`; costs nothing.
 *
 * @throws ShapeError if an axis has another size than 1 and the target's.
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  return apply(expandOp, { x }, { shape });
}

/**
 * `expand`, or the tensor itself if it already has the shape.
 *
 * @internal
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : expand(x, shape);
}

/**
 * The transpose of broadcasting: sums the axes along which `shape` was repeated.
 *
 * @internal
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((extent, axis) => (axis < lead || (shape[axis - lead] === 1 && extent !== 1) ? [axis] : []));
  return reshape(sum(x, { axis: axes }), shape);
}
