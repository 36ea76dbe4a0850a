import { ShapeError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { integers } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { delinearise, linearIndex } from "../../scalar/index-expression.ts";
import { sameShape, type Shape, sizeOf, stridesOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

export const reshapeOp = defineLoop<Tensor>()({
  name: "reshape",
  inputs: { x: "one" },
  attrs: { shape: integers },
  access: "view",
  infer: ({ x }, { shape }, fail) => {
    if (sizeOf(shape) !== sizeOf(x.shape) || shape.some((extent) => extent < 0)) {
      fail({
        code: "shape/reshape",
        sentence: `${sizeOf(x.shape)} elements do not fill [${shape.join(", ")}]`,
        facts: { elements: sizeOf(shape) },
      });
    }
    return { shape, dtype: x.dtype };
  },
  body: ({ x: { x }, attrs: { shape }, at }) => x.at(delinearise(linearIndex(at, stridesOf(shape)), x.shape)),
  vjp: ({ x: { x }, ct }) => ({ x: reshape(ct, x.shape) }),
});

/**
 * The same elements, row-major, in another shape. One extent may be -1: it takes what is left.
 *
 * @throws ShapeError if the sizes differ.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const target = fillUnknown(x, shape);
  return sameShape(x.shape, target) ? x : apply(reshapeOp, { x }, { shape: target });
}

function fillUnknown(x: Tensor, shape: Shape): Shape {
  const unknown = shape.indexOf(-1);
  if (unknown < 0) return shape;
  const known = shape.reduce((size, extent) => (extent === -1 ? size : size * extent), 1);
  if (shape.lastIndexOf(-1) !== unknown || known === 0 || x.size % known !== 0) {
    throw new ShapeError("shape/reshape", `-1 in [${shape.join(", ")}] cannot be worked out for ${x.size} elements`, {
      subject: "reshape",
      facts: { x: String(x) },
    });
  }
  return shape.with(unknown, x.size / known);
}

/** Joins the axes from `from` to `to` (inclusive) into one; by default all but the first. */
export function flatten(x: Tensor, { from = 1, to = -1 }: { readonly from?: number; readonly to?: number } = {}): Tensor {
  const last = to < 0 ? to + x.rank : to;
  return reshape(x, [...x.shape.slice(0, from), sizeOf(x.shape.slice(from, last + 1)), ...x.shape.slice(last + 1)]);
}
