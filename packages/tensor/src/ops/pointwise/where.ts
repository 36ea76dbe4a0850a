import { apply } from "../../op/apply.ts";
import { defineLoop } from "../../op/define.ts";
import { broadcastShapes, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { broadcastTo } from "../view/expand.ts";
import { cast } from "./cast.ts";
import { joinOperands, type Operand } from "./define-pointwise.ts";

export const whereOp = defineLoop<Tensor>()({
  name: "where",
  inputs: { condition: "one", a: "one", b: "one" },
  attrs: {},
  access: "pointwise",
  infer: ({ condition, a, b }, _, fail) => {
    if (condition.dtype !== "bool")
      fail({ code: "dtype/unsupported", sentence: `the condition must be bool, not ${condition.dtype}`, hint: "compare it, or cast it" });
    if (a.dtype !== b.dtype)
      fail({ code: "dtype/differ", sentence: `dtypes differ (${a.dtype} and ${b.dtype})`, hint: "cast one of them" });
    if (!sameShape(a.shape, b.shape) || !sameShape(a.shape, condition.shape)) {
      fail({
        code: "shape/differ",
        sentence: `shapes differ ([${condition.shape.join(", ")}], [${a.shape.join(", ")}] and [${b.shape.join(", ")}])`,
      });
    }
    return a;
  },
  body: ({ s, x: { condition, a, b }, at }) => s.call("select", condition.at(at), a.at(at), b.at(at)),
  vjp: ({ x: { condition }, ct }) => ({ condition: null, a: where(condition, ct, 0), b: where(condition, 0, ct) }),
});

/**
 * `a` where the condition holds (is not zero), `b` elsewhere; all three broadcast.
 *
 * Gradients reach only the chosen side. A value that is not finite on the other side does no harm going forward,
 * but its own gradient may be NaN: guard the argument too, as in `where(x > 0, log(where(x > 0, x, 1)), 0)`.
 *
 * @throws ShapeError if the shapes do not broadcast.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [x, y] = joinOperands("where", a, b);
  const chosen = cast(condition, "bool");
  if (sameShape(condition.shape, x.shape)) return apply(whereOp, { condition: chosen, a: x, b: y }, {});
  const shape = broadcastShapes(condition.shape, x.shape) ?? x.shape;
  if (broadcastShapes(condition.shape, shape) === null || !sameShape(x.shape, y.shape))
    return apply(whereOp, { condition: chosen, a: x, b: y }, {});
  return apply(whereOp, { condition: broadcastTo(chosen, shape), a: broadcastTo(x, shape), b: broadcastTo(y, shape) }, {});
}
