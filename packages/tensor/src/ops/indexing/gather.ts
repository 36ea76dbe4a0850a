import { apply } from "../../op/apply.ts";
import { integer } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import type { Tensor } from "../../tensor.ts";
import { cast } from "../pointwise/cast.ts";
import { equal } from "../pointwise/comparison.ts";
import { resolveAxis } from "../reduce/axes.ts";
import type { FullOptions } from "../source/full.ts";
import { iota } from "../source/iota.ts";
import { expand } from "../view/expand.ts";
import { unsqueeze } from "../view/squeeze.ts";
import { asIndex, checkIndex, clampedIndex, type IndexAxisOptions } from "./index-select.ts";
import { scatterAlong } from "./scatter-add.ts";

export const gatherOp = defineLoop<Tensor>()({
  name: "gather",
  inputs: { x: "one", index: "one" },
  attrs: { axis: integer },
  access: "index",
  infer: ({ x, index }, { axis }, fail) => {
    checkIndex(index, fail);
    const fits =
      index.shape.length === x.shape.length &&
      axis >= 0 &&
      axis < x.shape.length &&
      index.shape.every((extent, i) => i === axis || extent <= (x.shape[i] ?? 0));
    if (!fits)
      fail({
        code: "shape/gather",
        sentence: `an index of [${index.shape.join(", ")}] does not fit [${x.shape.join(", ")}] along axis ${axis}`,
        hint: "it has as many axes, and is no larger along the others",
      });
    if (x.shape[axis] === 0 && !index.shape.includes(0))
      fail({ code: "shape/index-empty", sentence: "there is nothing to select from along an axis of size 0" });
    return { shape: index.shape, dtype: x.dtype };
  },
  body: ({ s, x: { x, index }, attrs: { axis }, at }) => x.at(at.with(axis, clampedIndex(s, index.at(at), x.shape[axis] ?? 1))),
  vjp: ({ x: { x, index }, ct, attrs: { axis } }) => ({ x: scatterAlong(index, ct, x.shape, axis), index: null }),
});

/**
 * One element of `x` for each index: for axis 1, result[i][j][k] = x[i][index[i][j][k]][k].
 *
 * Shapes: `index` has as many axes as `x` and is no larger along the others; the result has its shape.
 * An index outside the axis reads the nearest element: device code cannot throw.
 *
 * @throws ShapeError if the shapes do not fit; DTypeError if the index is not of integers.
 */
export function gather(x: Tensor, index: Tensor, { axis = 0 }: IndexAxisOptions = {}): Tensor {
  return apply(gatherOp, { x, index: asIndex("gather", index) }, { axis: resolveAxis("gather", x, axis) });
}

/**
 * Vectors of `count` elements, 1 at the index and 0 elsewhere; an index outside 0 .. count - 1 gives zeros.
 *
 * Shapes: `index` [...k], result [...k, count].
 *
 * @throws DTypeError if the index is not of integers.
 */
export function oneHot(index: Tensor, count: number, { dtype = "float32" }: FullOptions = {}): Tensor {
  const shape = [...index.shape, count];
  return cast(equal(expand(unsqueeze(asIndex("oneHot", index), -1), shape), iota(shape, index.rank)), dtype);
}
