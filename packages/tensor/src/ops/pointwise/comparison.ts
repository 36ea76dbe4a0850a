import type { LeafName } from "../../scalar/leaves.ts";
import type { Tensor } from "../../tensor.ts";
import { applyBinary, binary, type BinaryOp, type Operand } from "./define-pointwise.ts";

export const equalOp = comparison("equal", "equal");
export const notEqualOp = comparison("notEqual", "notEqual");
export const lessOp = comparison("less", "less");
export const lessEqualOp = comparison("lessEqual", "lessEqual");
export const greaterOp = comparison("greater", "less", { swap: true });
export const greaterEqualOp = comparison("greaterEqual", "lessEqual", { swap: true });

/** `a == b`, broadcast, as bool; NaN equals nothing. */
export function equal(a: Operand, b: Operand): Tensor {
  return applyBinary(equalOp, a, b);
}

/** `a != b`, broadcast, as bool; NaN differs from everything. */
export function notEqual(a: Operand, b: Operand): Tensor {
  return applyBinary(notEqualOp, a, b);
}

/** `a < b`, broadcast, as bool; false beside a NaN. */
export function less(a: Operand, b: Operand): Tensor {
  return applyBinary(lessOp, a, b);
}

/** `a <= b`, broadcast, as bool; false beside a NaN. */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return applyBinary(lessEqualOp, a, b);
}

/** `a > b`, broadcast, as bool; false beside a NaN. */
export function greater(a: Operand, b: Operand): Tensor {
  return applyBinary(greaterOp, a, b);
}

/** `a >= b`, broadcast, as bool; false beside a NaN. */
export function greaterEqual(a: Operand, b: Operand): Tensor {
  return applyBinary(greaterEqualOp, a, b);
}

function comparison<const N extends string>(name: N, leaf: LeafName, { swap = false }: { readonly swap?: boolean } = {}): BinaryOp<N> {
  return binary(name, {
    takes: "any",
    gives: "bool",
    body: (s, a, b) => (swap ? s.call(leaf, b, a) : s.call(leaf, a, b)),
    vjp: () => ({ a: null, b: null }),
  });
}
