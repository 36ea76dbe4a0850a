import { apply } from "../../op/apply.ts";
import { number } from "../../op/attr.ts";
import type { Tensor } from "../../tensor.ts";
import { mul, neg, sub } from "../pointwise/arithmetic.ts";
import { asPrecise } from "../../autocast.ts";
import { asFloat } from "../pointwise/cast.ts";
import { greater } from "../pointwise/comparison.ts";
import { applyUnary, unary, unaryWith } from "../pointwise/define-pointwise.ts";
import { where } from "../pointwise/where.ts";

export const sigmoidOp = unary("sigmoid", {
  takes: "float",
  body(s, x) {
    const one = s.constant("float32", 1);
    const small = s.call("exp", s.call("neg", s.call("abs", x)));
    const top = s.call("select", s.call("less", x, s.constant("float32", 0)), small, one);
    return s.call("div", top, s.call("add", small, one));
  },
  vjp: ({ ct, out }) => mul(ct, mul(out, sub(1, out))),
});

export const softplusOp = unaryWith(
  "softplus",
  { beta: number, threshold: number },
  {
    takes: "float",
    body(s, x, { beta, threshold }) {
      const scaled = s.call("mul", x, s.constant("float32", beta));
      const fold = s.call("log1p", s.call("exp", s.call("neg", s.call("abs", scaled))));
      const soft = s.call("add", s.call("larger", scaled, s.constant("float32", 0)), fold);
      return s.call(
        "select",
        s.call("less", s.constant("float32", threshold), scaled),
        x,
        s.call("div", soft, s.constant("float32", beta)),
      );
    },
    vjp: ({ ct, x, attrs: { beta, threshold } }) => where(greater(mul(x, beta), threshold), ct, mul(ct, sigmoid(mul(x, beta)))),
  },
);

/** 1 / (1 + exp(-x)), computed without overflow however large x is. */
export function sigmoid(x: Tensor): Tensor {
  return applyUnary(sigmoidOp, x, "float");
}

/** log(sigmoid(x)) = -softplus(-x), precise where sigmoid(x) would round to 0. */
export function logSigmoid(x: Tensor): Tensor {
  return neg(softplus(neg(x)));
}

/** x * sigmoid(x), also called swish. Source: Elfwing et al., 2017. */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

export interface SoftplusOptions {
  /** Sharpness of the bend; 1 when left out. */
  readonly beta?: number;
  /** Above beta * x = threshold the result is x itself; 20 when left out. */
  readonly threshold?: number;
}

/** log(1 + exp(beta * x)) / beta: a smooth `relu`. */
export function softplus(x: Tensor, { beta = 1, threshold = 20 }: SoftplusOptions = {}): Tensor {
  return apply(softplusOp, { x: asPrecise("softplus", asFloat(x)) }, { beta, threshold });
}
