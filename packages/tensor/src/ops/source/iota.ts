import { apply } from "../../op/apply.ts";
import { integer, integers } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { constantIndex } from "../../scalar/index-expression.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { checkExtents } from "./full.ts";

export const iotaOp = defineLoop<Tensor>()({
  name: "iota",
  inputs: {},
  attrs: { shape: integers, axis: integer },
  access: "source",
  infer: (_, { shape, axis }, fail) => {
    checkExtents(shape, fail);
    if (axis < 0 || axis >= shape.length) fail({ code: "shape/iota", sentence: `[${shape.join(", ")}] has no axis ${axis}` });
    return { shape, dtype: "int32" };
  },
  body: ({ s, attrs: { axis }, at }) => s.index(at[axis] ?? constantIndex(0)),
  vjp: () => ({}),
});

/**
 * Every element's own index along an axis, in int32.
 *
 * @internal
 */
export function iota(shape: Shape, axis: number): Tensor {
  return apply(iotaOp, {}, { shape, axis });
}
