import { isFloat } from "../../dtype.ts";
import type { LeafName } from "../../scalar/leaves.ts";
import type { Tensor } from "../../tensor.ts";
import { mul } from "./arithmetic.ts";
import { applyUnary, unary, type UnaryOp } from "./define-pointwise.ts";

export const absOp = unary("abs", { takes: "number", body: (s, x) => s.call("abs", x), vjp: ({ ct, x }) => mul(ct, sign(x)) });
export const signOp = unary("sign", { takes: "number", body: (s, x) => s.call("sign", x), vjp: () => null });
export const floorOp = step("floor");
export const ceilOp = step("ceil");
export const truncOp = step("trunc");
export const roundOp = step("round");

/** The absolute value; its gradient at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return applyUnary(absOp, x);
}

/** -1, 0 or 1. */
export function sign(x: Tensor): Tensor {
  return applyUnary(signOp, x);
}

/** The next whole number below or equal; integers are returned as they are. */
export function floor(x: Tensor): Tensor {
  return ofFraction(floorOp, x);
}

/** The next whole number above or equal; integers are returned as they are. */
export function ceil(x: Tensor): Tensor {
  return ofFraction(ceilOp, x);
}

/** The whole number towards zero; integers are returned as they are. */
export function trunc(x: Tensor): Tensor {
  return ofFraction(truncOp, x);
}

/** The nearest whole number, halves to the even one; integers are returned as they are. */
export function round(x: Tensor): Tensor {
  return ofFraction(roundOp, x);
}

function step<const N extends LeafName>(name: N): UnaryOp<N> {
  return unary(name, { takes: "float", body: (s, x) => s.call(name, x), vjp: () => null });
}

function ofFraction<N extends string>(op: UnaryOp<N>, x: Tensor): Tensor {
  return isFloat(x.dtype) ? applyUnary(op, x) : x;
}
