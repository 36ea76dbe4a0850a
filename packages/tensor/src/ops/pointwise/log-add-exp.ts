import type { Tensor } from "../../tensor.ts";
import { sigmoid } from "../activation/sigmoid.ts";
import { mul, sub } from "./arithmetic.ts";
import { applyBinary, binary, type Operand } from "./define-pointwise.ts";

export const logAddExpOp = binary("logAddExp", {
  takes: "float",
  body(s, a, b) {
    // Of two equal infinities the difference would be NaN.
    const apart = s.call("select", s.call("equal", a, b), s.constant("float32", 0), s.call("abs", s.call("sub", a, b)));
    return s.call("add", s.call("max", a, b), s.call("log1p", s.call("exp", s.call("neg", apart))));
  },
  vjp: ({ ct, a, b }) => ({ a: mul(ct, sigmoid(sub(a, b))), b: mul(ct, sigmoid(sub(b, a))) }),
});

/** log(exp(a) + exp(b)), broadcast, without overflow: the sum of two probabilities given by their logarithms. */
export function logAddExp(a: Operand, b: Operand): Tensor {
  return applyBinary(logAddExpOp, a, b, "float");
}
