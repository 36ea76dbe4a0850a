import type { DType } from "../../dtype.ts";
import { apply } from "../../op/apply.ts";
import { dtype as dtypeAttr, integers, number } from "../../op/attr.ts";
import { defineLoop, type Fail } from "../../op/define.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

export const fullOp = defineLoop<Tensor>()({
  name: "full",
  inputs: {},
  attrs: { shape: integers, value: number, dtype: dtypeAttr },
  access: "source",
  infer: (_, { shape, dtype }, fail) => {
    checkExtents(shape, fail);
    return { shape, dtype };
  },
  body: ({ s, attrs: { value, dtype } }) => s.constant(dtype, value),
  vjp: () => ({}),
});

export interface FullOptions {
  /** float32 when left out. */
  readonly dtype?: DType;
}

/** A tensor of `shape` with every element `value`. */
export function full(shape: Shape, value: number, { dtype = "float32" }: FullOptions = {}): Tensor {
  return apply(fullOp, {}, { shape, value, dtype });
}

/** A tensor of zeros. */
export function zeros(shape: Shape, options: FullOptions = {}): Tensor {
  return full(shape, 0, options);
}

/** A tensor of ones. */
export function ones(shape: Shape, options: FullOptions = {}): Tensor {
  return full(shape, 1, options);
}

/**
 * Refuses negative extents.
 *
 * @internal
 */
export function checkExtents(shape: Shape, fail: Fail): void {
  if (shape.some((extent) => extent < 0))
    fail({ code: "shape/negative", sentence: `extents must not be negative, and [${shape.join(", ")}] has one` });
}
