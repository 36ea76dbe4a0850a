import type { Tensor } from "../../tensor.ts";
import { div, mul, neg, sub } from "./arithmetic.ts";
import { asPrecise } from "../../autocast.ts";
import { asFloat } from "./cast.ts";
import { equal, greaterEqual } from "./comparison.ts";
import { applyBinary, applyUnary, binary, type Operand, unary } from "./define-pointwise.ts";
import { log } from "./exponential.ts";
import { logicalAnd } from "./logic.ts";
import { where } from "./where.ts";

export const powOp = binary("pow", {
  takes: "float",
  body: (s, a, b) => s.call("pow", a, b),
  vjp: ({ ct, a, b, out }) => ({
    a: where(equal(b, 0), 0, mul(ct, mul(b, pow(a, sub(b, 1))))),
    b: where(logicalAnd(equal(a, 0), greaterEqual(b, 0)), 0, mul(ct, mul(out, log(a)))),
  }),
});

export const sqrtOp = unary("sqrt", { takes: "float", body: (s, x) => s.call("sqrt", x), vjp: ({ ct, out }) => div(mul(ct, 0.5), out) });

export const rsqrtOp = unary("rsqrt", {
  takes: "float",
  body: (s, x) => s.call("div", s.constant("float32", 1), s.call("sqrt", x)),
  vjp: ({ ct, out }) => mul(ct, mul(mul(square(out), out), -0.5)),
});

export const squareOp = unary("square", { takes: "number", body: (s, x) => s.call("mul", x, x), vjp: ({ ct, x }) => mul(ct, mul(x, 2)) });

export const reciprocalOp = unary("reciprocal", {
  takes: "float",
  body: (s, x) => s.call("div", s.constant("float32", 1), x),
  vjp: ({ ct, out }) => neg(mul(ct, square(out))),
});

export const cbrtOp = unary("cbrt", {
  takes: "float",
  body: (s, x) => s.call("mul", s.call("sign", x), s.call("pow", s.call("abs", x), s.constant("float32", 1 / 3))),
  vjp: ({ ct, out }) => div(ct, mul(square(out), 3)),
});

/**
 * `a` to the power `b`, broadcast, in floating point.
 *
 * 0 ** 0 is 1 and 1 ** anything is 1; a negative base with a fractional exponent is NaN. Gradients:
 * b * a ** (b - 1) for `a` (0 where b is 0) and a ** b * log(a) for `b` (0 where a is 0 and b >= 0).
 * The exponents 1, 2, 3, 0.5, -0.5 and -1, given as numbers, become products and roots.
 *
 * @throws ShapeError if the shapes do not broadcast.
 */
export function pow(a: Operand, b: Operand): Tensor {
  if (typeof a !== "number" && typeof b === "number") {
    const short = shortcuts.get(b);
    if (short !== undefined) return short(asPrecise("pow", asFloat(a)));
  }
  return applyBinary(powOp, a, b, "float");
}

const shortcuts: ReadonlyMap<number, (x: Tensor) => Tensor> = new Map([
  [1, (x) => x],
  [2, (x) => square(x)],
  [3, (x) => mul(square(x), x)],
  [0.5, (x) => sqrt(x)],
  [-0.5, (x) => rsqrt(x)],
  [-1, (x) => reciprocal(x)],
]);

/** The square root; NaN below zero. */
export function sqrt(x: Tensor): Tensor {
  return applyUnary(sqrtOp, x, "float");
}

/** 1 / sqrt(x). */
export function rsqrt(x: Tensor): Tensor {
  return applyUnary(rsqrtOp, x, "float");
}

/** x * x. */
export function square(x: Tensor): Tensor {
  return applyUnary(squareOp, x);
}

/** 1 / x. */
export function reciprocal(x: Tensor): Tensor {
  return applyUnary(reciprocalOp, x, "float");
}

/** The cube root, of negative numbers too. */
export function cbrt(x: Tensor): Tensor {
  return applyUnary(cbrtOp, x, "float");
}
