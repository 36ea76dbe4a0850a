import type { Tensor } from "../../tensor.ts";
import { applyBinary, applyUnary, binary, type Operand, unary } from "./define-pointwise.ts";

export const addOp = binary("add", { takes: "number", body: (s, a, b) => s.call("add", a, b), vjp: ({ ct }) => ({ a: ct, b: ct }) });
export const subOp = binary("sub", { takes: "number", body: (s, a, b) => s.call("sub", a, b), vjp: ({ ct }) => ({ a: ct, b: neg(ct) }) });
export const mulOp = binary("mul", {
  takes: "number",
  body: (s, a, b) => s.call("mul", a, b),
  vjp: ({ ct, a, b }) => ({ a: mul(ct, b), b: mul(ct, a) }),
});
export const divOp = binary("div", {
  takes: "float",
  body: (s, a, b) => s.call("div", a, b),
  vjp: ({ ct, b, out }) => ({ a: div(ct, b), b: neg(div(mul(ct, out), b)) }),
});
export const negOp = unary("neg", { takes: "number", body: (s, x) => s.call("neg", x), vjp: ({ ct }) => neg(ct) });

/** `a + b`, broadcast. */
export function add(a: Operand, b: Operand): Tensor {
  return applyBinary(addOp, a, b);
}

/** `a - b`, broadcast. */
export function sub(a: Operand, b: Operand): Tensor {
  return applyBinary(subOp, a, b);
}

/** `a * b`, broadcast. */
export function mul(a: Operand, b: Operand): Tensor {
  return applyBinary(mulOp, a, b);
}

/** `a / b`, broadcast, always in floating point. */
export function div(a: Operand, b: Operand): Tensor {
  return applyBinary(divOp, a, b, "float");
}

/** `-x`. */
export function neg(x: Tensor): Tensor {
  return applyUnary(negOp, x);
}
