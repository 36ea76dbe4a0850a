import { apply } from "../../op/apply.ts";
import { number } from "../../op/attr.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { asFloat } from "../pointwise/cast.ts";
import { greater } from "../pointwise/comparison.ts";
import { applyUnary, unary, unaryWith } from "../pointwise/define-pointwise.ts";
import { where } from "../pointwise/where.ts";

// The gradients read the result where its sign tells the argument's, so that the argument need not be kept.
export const reluOp = unary("relu", {
  takes: "number",
  body: (s, x) => s.call("larger", x, s.constant(x.dtype, 0)),
  vjp: ({ ct, out }) => where(greater(out, 0), ct, 0),
});

export const leakyReluOp = unaryWith(
  "leakyRelu",
  { negativeSlope: number },
  {
    takes: "float",
    body: (s, x, { negativeSlope }) =>
      s.call("select", s.call("less", s.constant("float32", 0), x), x, s.call("mul", x, s.constant("float32", negativeSlope))),
    vjp: ({ ct, x, out, attrs: { negativeSlope } }) => where(greater(negativeSlope >= 0 ? out : x, 0), ct, mul(ct, negativeSlope)),
  },
);

export const eluOp = unaryWith(
  "elu",
  { alpha: number },
  {
    takes: "float",
    body: (s, x, { alpha }) =>
      s.call("select", s.call("less", s.constant("float32", 0), x), x, s.call("mul", s.call("expm1", x), s.constant("float32", alpha))),
    vjp: ({ ct, x, out, attrs: { alpha } }) => where(greater(alpha >= 0 ? out : x, 0), ct, mul(ct, add(out, alpha))),
  },
);

/** max(x, 0), element by element; NaN stays NaN. The gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return applyUnary(reluOp, x);
}

export interface LeakyReluOptions {
  /** Factor below zero; 0.01 when left out. */
  readonly negativeSlope?: number;
}

/** x above zero, negativeSlope * x elsewhere. */
export function leakyRelu(x: Tensor, { negativeSlope = 0.01 }: LeakyReluOptions = {}): Tensor {
  return apply(leakyReluOp, { x: asFloat(x) }, { negativeSlope });
}

export interface EluOptions {
  /** Minus the value approached far below zero; 1 when left out. */
  readonly alpha?: number;
}

/** x above zero, alpha * (exp(x) - 1) elsewhere. Source: Clevert et al., 2015. */
export function elu(x: Tensor, { alpha = 1 }: EluOptions = {}): Tensor {
  return apply(eluOp, { x: asFloat(x) }, { alpha });
}
