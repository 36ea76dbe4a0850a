import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { erf } from "../pointwise/error-function.ts";
import { tanh } from "../pointwise/hyperbolic.ts";
import { square } from "../pointwise/power.ts";

export interface GeluOptions {
  /** "none" (the default) is exact; "tanh" is the cheaper formula that GPT-2 was trained with. */
  readonly approximate?: "none" | "tanh";
}

/**
 * x times the share of the normal distribution below x.
 *
 * Exactly x * (1 + erf(x / sqrt(2))) / 2; approximately x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2.
 * Source: Hendrycks and Gimpel, 2016.
 */
export function gelu(x: Tensor, { approximate = "none" }: GeluOptions = {}): Tensor {
  const half = mul(x, 0.5);
  if (approximate === "none") return mul(half, add(erf(mul(x, Math.SQRT1_2)), 1));
  const inner = mul(mul(x, add(mul(square(x), 0.044715), 1)), Math.sqrt(2 / Math.PI));
  return mul(half, add(tanh(inner), 1));
}
