import { ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { div, mul } from "../pointwise/arithmetic.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { norm } from "../reduce/norm.ts";

export interface WeightNormOptions {
  /** The axis whose every index has a length of its own; 0, the outputs, when left out. */
  readonly axis?: number;
}

/**
 * A weight given by direction and length: length * direction / ‖direction‖. Source: Salimans and Kingma, 2016.
 *
 * Shapes: `direction` as the weight, `length` of its rank with size 1 but along `axis`; result as `direction`.
 *
 * @throws ShapeError if the length has another shape; ArgumentError for an axis the tensor does not have.
 */
export function weightNorm(direction: Tensor, length: Tensor, { axis = 0 }: WeightNormOptions = {}): Tensor {
  const along = resolveAxis("weightNorm", direction, axis);
  const expected = direction.shape.map((extent, i) => (i === along ? extent : 1));
  if (length.shape.join() !== expected.join()) {
    throw new ShapeError(
      "shape/normalisation",
      `the length must have the shape [${expected.join(", ")}], not [${length.shape.join(", ")}]`,
      {
        subject: "weightNorm",
        facts: { direction: String(direction), length: String(length) },
      },
    );
  }
  const others = direction.shape.flatMap((_, i) => (i === along ? [] : [i]));
  return mul(direction, div(length, norm(direction, { axis: others, keepDims: true })));
}
