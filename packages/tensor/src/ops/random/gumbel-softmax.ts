import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, neg, sub } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { equal } from "../pointwise/comparison.ts";
import { log } from "../pointwise/exponential.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { argmax } from "../reduce/extremes.ts";
import { softmax, type SoftmaxOptions } from "../reduce/softmax.ts";
import { iota } from "../source/iota.ts";
import { expand } from "../view/expand.ts";
import { stopGradient } from "../view/identity.ts";
import { unsqueeze } from "../view/squeeze.ts";
import { uniform } from "./distributions.ts";
import type { DrawOptions } from "./random-bits.ts";

export interface GumbelSoftmaxOptions extends SoftmaxOptions, DrawOptions {
  /** How soft the choice is: near 0 it is nearly one-hot; 1 when left out. */
  readonly temperature?: number;
  /** Gives exactly one-hot vectors, with the soft ones' gradient; false when left out. */
  readonly hard?: boolean;
}

/**
 * A random choice along an axis that gradients pass through: softmax((x + g) / temperature), g = -log(-log(u)) with u uniform.
 * The largest entry is class i with probability softmax(x)_i. Source: Jang et al., 2016; Maddison et al., 2016.
 *
 * @throws ArgumentError if the temperature is not above 0, or for an axis the tensor does not have.
 */
export function gumbelSoftmax(x: Tensor, { temperature = 1, hard = false, axis = -1, ...draw }: GumbelSoftmaxOptions): Tensor {
  if (!(temperature > 0)) {
    throw new ArgumentError("argument/temperature", `the temperature must be above 0, and is ${temperature}`, { subject: "gumbelSoftmax" });
  }
  const along = resolveAxis("gumbelSoftmax", x, axis);
  // Neither logarithm is of 0: numbers are drawn in steps of 2^-24.
  const noise = neg(log(neg(log(uniform(x.shape, { ...draw, low: 2 ** -25, high: 1 - 2 ** -24 })))));
  const soft = softmax(mul(add(x, noise), 1 / temperature), { axis: along });
  if (!hard) return soft;
  const chosen = cast(equal(expand(unsqueeze(argmax(soft, { axis: along }), along), x.shape), iota(x.shape, along)), "float32");
  return add(stopGradient(sub(chosen, soft)), soft);
}
