import type { LeafName } from "../../scalar/leaves.ts";
import type { Tensor } from "../../tensor.ts";
import { cast } from "./cast.ts";
import { applyBinary, binary, type BinaryOp, type Operand, unary } from "./define-pointwise.ts";
import { apply } from "../../op/apply.ts";

export const logicalAndOp = logic("logicalAnd", "and");
export const logicalOrOp = logic("logicalOr", "or");
export const logicalXorOp = logic("logicalXor", "xor");
export const logicalNotOp = unary("logicalNot", {
  takes: "any",
  gives: "bool",
  body: (s, x) => s.call("not", s.call("toBool", x)),
  vjp: () => null,
});

/** Whether both are non-zero, broadcast, as bool. */
export function logicalAnd(a: Operand, b: Operand): Tensor {
  return applyBinary(logicalAndOp, truth(a), truth(b));
}

/** Whether either is non-zero, broadcast, as bool. */
export function logicalOr(a: Operand, b: Operand): Tensor {
  return applyBinary(logicalOrOp, truth(a), truth(b));
}

/** Whether exactly one is non-zero, broadcast, as bool. */
export function logicalXor(a: Operand, b: Operand): Tensor {
  return applyBinary(logicalXorOp, truth(a), truth(b));
}

/** Whether it is zero, as bool. */
export function logicalNot(x: Tensor): Tensor {
  return apply(logicalNotOp, { x }, {});
}

function logic<const N extends string>(name: N, leaf: LeafName): BinaryOp<N> {
  return binary(name, {
    takes: "any",
    gives: "bool",
    body: (s, a, b) => s.call(leaf, s.call("toBool", a), s.call("toBool", b)),
    vjp: () => ({ a: null, b: null }),
  });
}

function truth(x: Operand): Operand {
  return typeof x === "number" ? Number(x !== 0) : cast(x, "bool");
}
