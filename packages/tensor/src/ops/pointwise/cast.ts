import { type DType, isFloat } from "../../dtype.ts";
import { apply } from "../../op/apply.ts";
import { dtype as dtypeAttr } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import type { Scalar, ScalarBuilder } from "../../scalar/expression.ts";
import type { Tensor } from "../../tensor.ts";

export const castOp = defineLoop<Tensor>()({
  name: "cast",
  inputs: { x: "one" },
  attrs: { dtype: dtypeAttr },
  access: "pointwise",
  infer: ({ x }, { dtype }) => ({ shape: x.shape, dtype }),
  body: ({ s, x: { x }, attrs: { dtype }, at }) => convert(s, x.at(at), dtype),
  vjp: ({ x: { x }, ct, attrs: { dtype } }) => ({ x: isFloat(x.dtype) && isFloat(dtype) ? cast(ct, x.dtype) : null }),
});

/**
 * Converts to another dtype.
 *
 * float32 to int32 truncates towards zero and saturates, NaN becomes 0. What goes to uint8 or int8 goes to int32 first and keeps the
 * low byte of that: integers wrap (200 is -56 in int8, -1 is 255 in uint8), as in PyTorch, which leaves fractions beyond the range undefined.
 * To bool is `x != 0`. To float16 rounds to the nearest half, ties to the even one, and from 65520 on to infinity.
 * Gradients do not pass through integers.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(castOp, { x }, { dtype });
}

/**
 * `x` if it is floating point, else in float32: what ops do that have no meaning for integers.
 *
 * @internal
 */
export function asFloat(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x : cast(x, "float32");
}

/**
 * The scalar conversion behind `cast`.
 *
 * @internal
 */
export function convert(s: ScalarBuilder, x: Scalar, dtype: DType): Scalar {
  switch (dtype) {
    case "float32":
      return s.call("toFloat32", x);
    case "float16":
      return s.call("toFloat16", s.call("toFloat32", x));
    case "int32":
      return s.call("toInt32", x);
    case "uint8":
      return s.call("toUint8", x);
    case "int8":
      return s.call("toInt8", x);
    case "bool":
      return s.call("toBool", x);
  }
  dtype satisfies never;
}
