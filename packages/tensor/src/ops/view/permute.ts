import { ArgumentError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { integers } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import { constantIndex } from "../../scalar/index-expression.ts";
import type { Tensor } from "../../tensor.ts";
import { resolveAxis } from "../reduce/axes.ts";

export const permuteOp = defineLoop<Tensor>()({
  name: "permute",
  inputs: { x: "one" },
  attrs: { axes: integers },
  access: "view",
  infer: ({ x }, { axes }, fail) => {
    if (axes.length !== x.shape.length || x.shape.some((_, axis) => !axes.includes(axis))) {
      fail({ code: "shape/permute", sentence: `[${axes.join(", ")}] does not name each of ${x.shape.length} axes once` });
    }
    return { shape: axes.map((axis) => x.shape[axis] ?? 1), dtype: x.dtype };
  },
  body: ({ x: { x }, attrs: { axes }, at }) => x.at(inverse(axes).map((position) => at[position] ?? constantIndex(0))),
  vjp: ({ ct, attrs: { axes } }) => ({ x: permute(ct, inverse(axes)) }),
});

/**
 * The axes in another order: axis `i` of the result is axis `axes[i]` of `x`; costs nothing.
 *
 * @throws ArgumentError for an axis the tensor does not have; ShapeError unless each is named once.
 */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  const order = axes.map((axis) => resolveAxis("permute", x, axis));
  return order.length === x.rank && order.every((axis, i) => axis === i) ? x : apply(permuteOp, { x }, { axes: order });
}

/**
 * `x` with two axes exchanged: by default the last two, which is a matrix's transpose.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function transpose(x: Tensor, a = -2, b = -1): Tensor {
  if (x.rank < 2 && a === -2 && b === -1) {
    throw new ArgumentError("argument/axis", `a tensor of ${x.rank} axes has no two to exchange`, {
      subject: "transpose",
      facts: { x: String(x) },
    });
  }
  const first = resolveAxis("transpose", x, a);
  const second = resolveAxis("transpose", x, b);
  const order = x.shape.map((_, axis) => (axis === first ? second : axis === second ? first : axis));
  return permute(x, order);
}

/**
 * `x` with the axis at `from` taken out and put in again at `to`.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const source = resolveAxis("moveAxis", x, from);
  const others = x.shape.map((_, axis) => axis).filter((axis) => axis !== source);
  return permute(x, others.toSpliced(resolveAxis("moveAxis", x, to), 0, source));
}

function inverse(axes: readonly number[]): number[] {
  return axes.map((_, axis) => axes.indexOf(axis));
}
