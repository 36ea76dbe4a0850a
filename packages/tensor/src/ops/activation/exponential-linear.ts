import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { mul } from "../pointwise/arithmetic.ts";
import { elu, type EluOptions } from "./rectifiers.ts";

/**
 * A continuously differentiable `elu`: x above zero, alpha * (exp(x / alpha) - 1) elsewhere.
 * Source: Barron, 2017.
 *
 * @throws ArgumentError if alpha is not above 0.
 */
export function celu(x: Tensor, { alpha = 1 }: EluOptions = {}): Tensor {
  if (!(alpha > 0)) throw new ArgumentError("argument/alpha", `alpha must be above 0, and is ${alpha}`, { subject: "celu" });
  return alpha === 1 ? elu(x) : mul(elu(mul(x, 1 / alpha)), alpha);
}

/**
 * The `elu` whose outputs keep mean 0 and variance 1 from layer to layer: 1.0507 * elu(x, alpha 1.6733).
 * Initialise with `lecunNormal`, and drop with `AlphaDropout`. Source: Klambauer et al., 2017.
 */
export function selu(x: Tensor): Tensor {
  return mul(elu(x, { alpha: 1.6732632423543772 }), 1.0507009873554805);
}
