import type { Tensor } from "../../tensor.ts";
import { add, div, mul } from "./arithmetic.ts";
import { applyUnary, unary } from "./define-pointwise.ts";

export const expOp = unary("exp", { takes: "float", body: (s, x) => s.call("exp", x), vjp: ({ ct, out }) => mul(ct, out) });
export const exp2Op = unary("exp2", {
  takes: "float",
  body: (s, x) => s.call("exp", s.call("mul", x, s.constant("float32", Math.LN2))),
  vjp: ({ ct, out }) => mul(ct, mul(out, Math.LN2)),
});
export const expm1Op = unary("expm1", { takes: "float", body: (s, x) => s.call("expm1", x), vjp: ({ ct, out }) => mul(ct, add(out, 1)) });
export const logOp = unary("log", { takes: "float", body: (s, x) => s.call("log", x), vjp: ({ ct, x }) => div(ct, x) });
export const log1pOp = unary("log1p", { takes: "float", body: (s, x) => s.call("log1p", x), vjp: ({ ct, x }) => div(ct, add(x, 1)) });
export const log2Op = unary("log2", {
  takes: "float",
  body: (s, x) => s.call("mul", s.call("log", x), s.constant("float32", Math.LOG2E)),
  vjp: ({ ct, x }) => div(mul(ct, Math.LOG2E), x),
});
export const log10Op = unary("log10", {
  takes: "float",
  body: (s, x) => s.call("mul", s.call("log", x), s.constant("float32", Math.LOG10E)),
  vjp: ({ ct, x }) => div(mul(ct, Math.LOG10E), x),
});

/** e to the power x. */
export function exp(x: Tensor): Tensor {
  return applyUnary(expOp, x, "float");
}

/** 2 to the power x. */
export function exp2(x: Tensor): Tensor {
  return applyUnary(exp2Op, x, "float");
}

/** exp(x) - 1, precise near 0. */
export function expm1(x: Tensor): Tensor {
  return applyUnary(expm1Op, x, "float");
}

/** The natural logarithm; -Infinity at 0, NaN below. */
export function log(x: Tensor): Tensor {
  return applyUnary(logOp, x, "float");
}

/** log(1 + x), precise near 0. */
export function log1p(x: Tensor): Tensor {
  return applyUnary(log1pOp, x, "float");
}

/** The logarithm to base 2. */
export function log2(x: Tensor): Tensor {
  return applyUnary(log2Op, x, "float");
}

/** The logarithm to base 10. */
export function log10(x: Tensor): Tensor {
  return applyUnary(log10Op, x, "float");
}
