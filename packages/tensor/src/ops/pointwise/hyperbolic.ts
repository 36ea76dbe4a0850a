import type { Tensor } from "../../tensor.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { applyUnary, unary } from "./define-pointwise.ts";
import { rsqrt, square } from "./power.ts";

export const sinhOp = unary("sinh", { takes: "float", body: (s, x) => s.call("sinh", x), vjp: ({ ct, x }) => mul(ct, cosh(x)) });
export const coshOp = unary("cosh", { takes: "float", body: (s, x) => s.call("cosh", x), vjp: ({ ct, x }) => mul(ct, sinh(x)) });
export const tanhOp = unary("tanh", {
  takes: "float",
  body: (s, x) => s.call("tanh", x),
  vjp: ({ ct, out }) => mul(ct, sub(1, square(out))),
});
export const asinhOp = unary("asinh", {
  takes: "float",
  body: (s, x) => s.call("asinh", x),
  vjp: ({ ct, x }) => mul(ct, rsqrt(add(square(x), 1))),
});
export const acoshOp = unary("acosh", {
  takes: "float",
  body: (s, x) => s.call("acosh", x),
  vjp: ({ ct, x }) => mul(ct, rsqrt(sub(square(x), 1))),
});
export const atanhOp = unary("atanh", {
  takes: "float",
  body: (s, x) => s.call("atanh", x),
  vjp: ({ ct, x }) => div(ct, sub(1, square(x))),
});

/** The hyperbolic sine. */
export function sinh(x: Tensor): Tensor {
  return applyUnary(sinhOp, x, "float");
}

/** The hyperbolic cosine. */
export function cosh(x: Tensor): Tensor {
  return applyUnary(coshOp, x, "float");
}

/** The hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return applyUnary(tanhOp, x, "float");
}

/** The inverse of `sinh`. */
export function asinh(x: Tensor): Tensor {
  return applyUnary(asinhOp, x, "float");
}

/** The inverse of `cosh`; NaN below 1. */
export function acosh(x: Tensor): Tensor {
  return applyUnary(acoshOp, x, "float");
}

/** The inverse of `tanh`; NaN outside -1 .. 1. */
export function atanh(x: Tensor): Tensor {
  return applyUnary(atanhOp, x, "float");
}
