import { DTypeError } from "../../errors.ts";
import { isFloat } from "../../dtype.ts";
import { apply } from "../../op/apply.ts";
import { type Aval, defineLoop, type Fail } from "../../op/define.ts";
import type { Scalar, ScalarBuilder } from "../../scalar/expression.ts";
import { type IndexExpression, valueIndex } from "../../scalar/index-expression.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast } from "../pointwise/cast.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { moveAxis, permute } from "../view/permute.ts";
import { reshape } from "../view/reshape.ts";
import { addRows } from "./scatter-add.ts";

export const indexSelectOp = defineLoop<Tensor>()({
  name: "indexSelect",
  inputs: { x: "one", index: "one" },
  attrs: {},
  access: "index",
  infer: ({ x, index }, _, fail) => {
    checkIndex(index, fail);
    const [rows] = x.shape;
    if (rows === undefined) fail({ code: "shape/index-select", sentence: "a scalar has no rows to select" });
    if (rows === 0 && sizeOf(index.shape) > 0)
      fail({ code: "shape/index-empty", sentence: "there is nothing to select from along an axis of size 0" });
    return { shape: [...index.shape, ...x.shape.slice(1)], dtype: x.dtype };
  },
  body: ({ s, x: { x, index }, at }) => {
    const row = clampedIndex(s, index.at(at.slice(0, index.shape.length)), x.shape[0] ?? 1);
    return x.at([row, ...at.slice(index.shape.length)]);
  },
  vjp: ({ x: { x, index }, ct }) => {
    const [rows = 1, ...inner] = x.shape;
    return { x: addRows(reshape(index, [index.size]), reshape(ct, [index.size, ...inner]), rows), index: null };
  },
});

export interface IndexAxisOptions {
  /** The axis that is indexed; 0 when left out. */
  readonly axis?: number;
}

/**
 * The slices of `x` along an axis at the given indices: that axis is replaced by the axes of `index`.
 *
 * Shapes: `x` [n, ...inner] and `index` [...k], an integer tensor, give [...k, ...inner] for axis 0.
 * An index outside 0 .. n - 1 reads the nearest slice: device code cannot throw.
 *
 * @throws ArgumentError for an axis the tensor does not have; DTypeError if the index is not of integers.
 */
export function indexSelect(x: Tensor, index: Tensor, { axis = 0 }: IndexAxisOptions = {}): Tensor {
  const along = resolveAxis("indexSelect", x, axis);
  const rows = apply(indexSelectOp, { x: moveAxis(x, along, 0), index: asIndex("indexSelect", index) }, {});
  const before = Array.from({ length: along }, (_, i) => index.rank + i);
  const selected = Array.from({ length: index.rank }, (_, i) => i);
  const after = Array.from({ length: x.rank - 1 - along }, (_, i) => index.rank + along + i);
  return permute(rows, [...before, ...selected, ...after]);
}

/**
 * Rows of a table: the vector `weight[index[i]]` for each index.
 *
 * Shapes: `index` [...k] of integers, `weight` [count, width], result [...k, width].
 *
 * @throws DTypeError if the index is not of integers.
 */
export function embedding(index: Tensor, weight: Tensor): Tensor {
  return indexSelect(weight, index);
}

/**
 * An index read from data, limited to 0 .. extent - 1.
 *
 * @internal
 */
export function clampedIndex(s: ScalarBuilder, value: Scalar, extent: number): IndexExpression {
  const last = s.constant("int32", Math.max(0, extent - 1));
  return valueIndex(s.call("min", s.call("max", value, s.constant("int32", 0)), last), extent);
}

/** @internal */
export function checkIndex(index: Aval, fail: Fail): void {
  if (index.dtype !== "int32") fail({ code: "dtype/index", sentence: `an index must be int32, not ${index.dtype}`, hint: "cast first" });
}

/**
 * An index in the dtype the rows take.
 *
 * @throws DTypeError if it is not of integers.
 * @internal
 */
export function asIndex(subject: string, index: Tensor): Tensor {
  if (isFloat(index.dtype) || index.dtype === "bool") {
    throw new DTypeError("dtype/index", `an index must be of integers, not ${index.dtype}`, {
      subject,
      facts: { index: String(index) },
      hint: 'use tensor(values, { dtype: "int32" })',
    });
  }
  return cast(index, "int32");
}
