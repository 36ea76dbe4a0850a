import type { Tensor } from "../../tensor.ts";
import { div, mul, neg } from "./arithmetic.ts";
import { applyBinary, binary, type Operand } from "./define-pointwise.ts";
import { floor, trunc } from "./rounding.ts";

export const remainderOp = binary("remainder", {
  takes: "number",
  body(s, a, b) {
    const rest = s.call("rem", a, b);
    const zero = s.constant(b.dtype, 0);
    const offSide = s.call("notEqual", s.call("less", rest, zero), s.call("less", b, zero));
    return s.call("select", s.call("and", s.call("notEqual", rest, zero), offSide), s.call("add", rest, b), rest);
  },
  vjp: ({ ct, a, b }) => ({ a: ct, b: neg(mul(ct, floor(div(a, b)))) }),
});

export const fmodOp = binary("fmod", {
  takes: "number",
  body: (s, a, b) => s.call("rem", a, b),
  vjp: ({ ct, a, b }) => ({ a: ct, b: neg(mul(ct, trunc(div(a, b)))) }),
});

/**
 * What is left of `a` after whole multiples of `b`, with the sign of `b`: a - b * floor(a / b), broadcast.
 * An integer remainder by zero is 0, a fractional one NaN.
 */
export function remainder(a: Operand, b: Operand): Tensor {
  return applyBinary(remainderOp, a, b);
}

/** What is left of `a` after whole multiples of `b`, with the sign of `a`: a - b * trunc(a / b), broadcast. */
export function fmod(a: Operand, b: Operand): Tensor {
  return applyBinary(fmodOp, a, b);
}
