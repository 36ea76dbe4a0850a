import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { div, mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { clamp } from "../pointwise/extremes.ts";
import { resolveAxis } from "./axes.ts";
import { norm } from "./norm.ts";
import { squeeze } from "../view/squeeze.ts";
import { sum } from "./sum.ts";

export interface NormalizeOptions {
  /** The norm's exponent; 2 when left out. */
  readonly p?: number;
  /** 1 when left out; negative ones count from the last. */
  readonly axis?: number;
  /** Norms below count as this; 1e-12 when left out. */
  readonly epsilon?: number;
}

/**
 * Vectors of length 1 along an axis: x / max(norm(x), epsilon).
 *
 * @throws ArgumentError for an axis the tensor does not have, or if epsilon is negative.
 */
export function normalize(x: Tensor, { p = 2, axis = 1, epsilon = 1e-12 }: NormalizeOptions = {}): Tensor {
  return div(x, lengthOf("normalize", x, { p, axis, epsilon }));
}

/**
 * The cosine of the angle between vectors along an axis, which the result no longer has:
 * Σ a b / (max(‖a‖, epsilon) max(‖b‖, epsilon)). `a` and `b` broadcast.
 *
 * @throws ShapeError if the shapes do not broadcast; ArgumentError for an axis a tensor does not have, or if epsilon is negative.
 */
export function cosineSimilarity(a: Tensor, b: Tensor, { axis = 1, epsilon = 1e-8 }: Omit<NormalizeOptions, "p"> = {}): Tensor {
  const lengths = mul(
    squeeze(lengthOf("cosineSimilarity", a, { p: 2, axis, epsilon }), axis),
    squeeze(lengthOf("cosineSimilarity", b, { p: 2, axis, epsilon }), axis),
  );
  return div(sum(mul(a, b), { axis }), lengths);
}

function lengthOf(subject: string, x: Tensor, { p, axis, epsilon }: Required<NormalizeOptions>): Tensor {
  if (!(epsilon >= 0)) throw new ArgumentError("argument/epsilon", `epsilon must not be negative, and is ${epsilon}`, { subject });
  return clamp(norm(cast(x, "float32"), { p, axis: resolveAxis(subject, x, axis), keepDims: true }), { min: epsilon });
}
