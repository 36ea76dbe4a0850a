import type { Scalar, ScalarBuilder } from "../../scalar/expression.ts";
import type { Tensor } from "../../tensor.ts";
import { applyUnary, unary } from "./define-pointwise.ts";

const infinityBits = 0x7f800000;

export const isFiniteOp = unary("isFinite", {
  takes: "float",
  gives: "bool",
  body: (s, x) => s.call("less", magnitudeBits(s, x), s.constant("int32", infinityBits)),
  vjp: () => null,
});

export const isNaNOp = unary("isNaN", {
  takes: "float",
  gives: "bool",
  body: (s, x) => s.call("less", s.constant("int32", infinityBits), magnitudeBits(s, x)),
  vjp: () => null,
});

export const isInfOp = unary("isInf", {
  takes: "float",
  gives: "bool",
  body: (s, x) => s.call("equal", magnitudeBits(s, x), s.constant("int32", infinityBits)),
  vjp: () => null,
});

/** Whether it is neither infinite nor NaN, as bool. */
export function isFinite(x: Tensor): Tensor {
  return applyUnary(isFiniteOp, x, "float");
}

/** Whether it is not a number, as bool. */
export function isNaN(x: Tensor): Tensor {
  return applyUnary(isNaNOp, x, "float");
}

/** Whether it is infinite, as bool. */
export function isInf(x: Tensor): Tensor {
  return applyUnary(isInfOp, x, "float");
}

/** Bits without the sign. Shader compilers may assume that no value is NaN, so comparing the value with itself would not do. */
function magnitudeBits(s: ScalarBuilder, x: Scalar): Scalar {
  return s.call("and", s.call("bitsOf", x), s.constant("int32", 0x7fffffff));
}
