import type { Tensor } from "../../tensor.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { applyBinary, applyUnary, binary, type Operand, unary } from "./define-pointwise.ts";
import { rsqrt, square } from "./power.ts";

export const sinOp = unary("sin", { takes: "float", body: (s, x) => s.call("sin", x), vjp: ({ ct, x }) => mul(ct, cos(x)) });
export const cosOp = unary("cos", { takes: "float", body: (s, x) => s.call("cos", x), vjp: ({ ct, x }) => neg(mul(ct, sin(x))) });
export const tanOp = unary("tan", { takes: "float", body: (s, x) => s.call("tan", x), vjp: ({ ct, out }) => mul(ct, add(square(out), 1)) });
export const asinOp = unary("asin", {
  takes: "float",
  body: (s, x) => s.call("asin", x),
  vjp: ({ ct, x }) => mul(ct, rsqrt(sub(1, square(x)))),
});
export const acosOp = unary("acos", {
  takes: "float",
  body: (s, x) => s.call("acos", x),
  vjp: ({ ct, x }) => neg(mul(ct, rsqrt(sub(1, square(x))))),
});
export const atanOp = unary("atan", { takes: "float", body: (s, x) => s.call("atan", x), vjp: ({ ct, x }) => div(ct, add(square(x), 1)) });
export const atan2Op = binary("atan2", {
  takes: "float",
  body: (s, a, b) => s.call("atan2", a, b),
  vjp({ ct, a, b }) {
    const scaled = div(ct, add(square(a), square(b)));
    return { a: mul(scaled, b), b: neg(mul(scaled, a)) };
  },
});

/** The sine of an angle in radians. */
export function sin(x: Tensor): Tensor {
  return applyUnary(sinOp, x, "float");
}

/** The cosine of an angle in radians. */
export function cos(x: Tensor): Tensor {
  return applyUnary(cosOp, x, "float");
}

/** The tangent of an angle in radians. */
export function tan(x: Tensor): Tensor {
  return applyUnary(tanOp, x, "float");
}

/** The angle in -pi/2 .. pi/2 whose sine is x; NaN outside -1 .. 1. */
export function asin(x: Tensor): Tensor {
  return applyUnary(asinOp, x, "float");
}

/** The angle in 0 .. pi whose cosine is x; NaN outside -1 .. 1. */
export function acos(x: Tensor): Tensor {
  return applyUnary(acosOp, x, "float");
}

/** The angle in -pi/2 .. pi/2 whose tangent is x. */
export function atan(x: Tensor): Tensor {
  return applyUnary(atanOp, x, "float");
}

/** The angle of the point (b, a) from the positive first axis, in -pi .. pi, broadcast. */
export function atan2(a: Operand, b: Operand): Tensor {
  return applyBinary(atan2Op, a, b, "float");
}
