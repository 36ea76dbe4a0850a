import { isFloat } from "../../dtype.ts";
import { ShapeError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { integer } from "../../op/attr.ts";
import { defineLibrary } from "../../op/define.ts";
import { type Shape, sizeOf, stridesOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { clamp } from "../pointwise/extremes.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { iota } from "../source/iota.ts";
import { reshape } from "../view/reshape.ts";
import { asIndex, checkIndex, type IndexAxisOptions, indexSelect } from "./index-select.ts";

/**
 * Sums rows into the places that an index names, in the order of the index, so that results repeat bit for bit.
 * An index outside 0 .. rows - 1 counts as the nearest row, which makes this the transpose of `indexSelect`.
 */
export const scatterAddOp = defineLibrary<Tensor>()({
  name: "scatterAdd",
  inputs: { index: "one", updates: "one" },
  attrs: { rows: integer },
  infer: ({ index, updates }, { rows }, fail) => {
    checkIndex(index, fail);
    if (!isFloat(updates.dtype))
      fail({ code: "dtype/unsupported", sentence: `takes float32 or float16 updates, not ${updates.dtype}`, hint: "cast first" });
    const [count, ...inner] = updates.shape;
    if (index.shape.length !== 1 || index.shape[0] !== count) {
      fail({
        code: "shape/scatter-add",
        sentence: `needs one index per row of updates, and [${index.shape.join(", ")}] does not go with [${updates.shape.join(", ")}]`,
      });
    }
    if (rows < 0 || (rows === 0 && count !== 0))
      fail({ code: "shape/scatter-rows", sentence: `${count} updates have no place in ${rows} rows` });
    return { shape: [rows, ...inner], dtype: updates.dtype };
  },
  vjp: ({ x: { index }, ct }) => ({ index: null, updates: index.size === 0 ? null : indexSelect(ct, index) }),
});

/**
 * Row sums: result[r] = Σ updates[i] over the i with index[i] = r.
 *
 * @internal
 */
export function addRows(index: Tensor, updates: Tensor, rows: number): Tensor {
  return apply(scatterAddOp, { index, updates }, { rows });
}

/**
 * `x` plus every element of `src`, added at the place that `index` names along an axis: for axis 1,
 * result[i][index[i][j]][k] += src[i][j][k]. Sums are made in the row-major order of `src`, so they repeat.
 * An index outside the axis counts as the nearest one inside.
 *
 * Shapes: `index` and `src` agree, and are no larger than `x` along the other axes.
 *
 * @throws ShapeError if the shapes do not fit; DTypeError if the index is not of integers.
 */
export function scatterAdd(x: Tensor, index: Tensor, src: Tensor, { axis = 0 }: IndexAxisOptions = {}): Tensor {
  const along = resolveAxis("scatterAdd", x, axis);
  if (
    index.shape.join() !== src.shape.join() ||
    index.rank !== x.rank ||
    index.shape.some((extent, i) => i !== along && extent > (x.shape[i] ?? 0))
  ) {
    throw new ShapeError("shape/scatter-add", "index and source must have one shape, within the target's along the other axes", {
      subject: "scatterAdd",
      facts: { x: String(x), index: String(index), src: String(src), axis: along },
    });
  }
  return add(x, scatterAlong(asIndex("scatterAdd", index), src, x.shape, along));
}

/**
 * The transpose of `gather`: zeros of `shape`, plus `src` at the indices along `axis`.
 *
 * @internal
 */
export function scatterAlong(index: Tensor, src: Tensor, shape: Shape, axis: number): Tensor {
  const strides = stridesOf(shape);
  const inside = clamp(index, { min: 0, max: Math.max(0, (shape[axis] ?? 1) - 1) });
  let address = mul(inside, strides[axis] ?? 1);
  shape.forEach((_, i) => {
    if (i !== axis && index.shape[i] !== 1) address = add(address, mul(iota(index.shape, i), strides[i] ?? 1));
  });
  return reshape(addRows(reshape(address, [index.size]), reshape(src, [index.size]), sizeOf(shape)), shape);
}
