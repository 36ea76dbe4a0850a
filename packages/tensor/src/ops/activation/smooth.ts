import type { Tensor } from "../../tensor.ts";
import { add, div, mul, sub } from "../pointwise/arithmetic.ts";
import { tanh } from "../pointwise/hyperbolic.ts";
import { abs } from "../pointwise/rounding.ts";
import { softplus } from "./sigmoid.ts";

/** x * tanh(log(1 + exp(x))). Source: Misra, 2019. */
export function mish(x: Tensor): Tensor {
  return mul(x, tanh(softplus(x)));
}

/** x / (1 + |x|): a sigmoid that approaches its limits slowly. */
export function softsign(x: Tensor): Tensor {
  return div(x, add(abs(x), 1));
}

/** x - tanh(x). */
export function tanhshrink(x: Tensor): Tensor {
  return sub(x, tanh(x));
}
