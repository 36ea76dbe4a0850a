import { inProgram } from "../../random/arithmetic.ts";
import { inverseErrorFunction } from "../../random/inverse-error-function.ts";
import type { Tensor } from "../../tensor.ts";
import { mul, neg } from "./arithmetic.ts";
import { applyUnary, unary } from "./define-pointwise.ts";
import { exp } from "./exponential.ts";
import { square } from "./power.ts";

export const erfOp = unary("erf", {
  takes: "float",
  body: (s, x) => s.call("erf", x),
  vjp: ({ ct, x }) => mul(ct, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
});

export const erfinvOp = unary("erfinv", {
  takes: "float",
  body(s, x) {
    const atLimit = s.call("equal", s.call("abs", x), s.constant("float32", 1));
    return s.call("select", atLimit, s.call("div", x, s.constant("float32", 0)), inverseErrorFunction(inProgram(s), x));
  },
  vjp: ({ ct, out }) => mul(ct, mul(exp(square(out)), Math.sqrt(Math.PI) / 2)),
});

/** The error function: 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x. */
export function erf(x: Tensor): Tensor {
  return applyUnary(erfOp, x, "float");
}

/** The inverse of `erf`; infinite at -1 and 1, NaN outside. */
export function erfinv(x: Tensor): Tensor {
  return applyUnary(erfinvOp, x, "float");
}
