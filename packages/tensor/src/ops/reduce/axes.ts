import { ArgumentError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { integers } from "../../op/attr.ts";
import { type Combine, defineLoop, type LoopOp } from "../../op/define.ts";
import { asPrecise } from "../../autocast.ts";
import { bytesPerElement, type DType, isFloat } from "../../dtype.ts";
import type { IndexExpression } from "../../scalar/index-expression.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { cast } from "../pointwise/cast.ts";
import { broadcastTo } from "../view/expand.ts";
import { reshape } from "../view/reshape.ts";

export interface ReduceOptions {
  /** Axes to reduce over; negative ones count from the last. All when left out. */
  readonly axis?: number | readonly number[];
  /** Keeps reduced axes with size 1. */
  readonly keepDims?: boolean;
}

type ReduceAttrs = { readonly axes: typeof integers };
/** @internal */
export type ReduceOp<N extends string> = LoopOp<N, { readonly x: "one" }, ReduceAttrs, Tensor>;

interface ReduceRow {
  readonly combine: Combine;
  /** The result's dtype for an input's; null where it is refused. */
  gives(dtype: DType): DType | null;
  /** `spread` brings a tensor of the reduced shape back to the input's. */
  vjp(call: {
    readonly ct: Tensor;
    readonly x: Tensor;
    readonly out: Tensor;
    readonly spread: (t: Tensor) => Tensor;
    readonly axes: readonly number[];
  }): Tensor | null;
}

/**
 * Defines a reduction over a sorted list of axes, which the result no longer has.
 *
 * @internal
 */
export function reduction<const N extends string>(name: N, row: ReduceRow): ReduceOp<N> {
  return defineLoop<Tensor>()({
    name,
    inputs: { x: "one" },
    attrs: { axes: integers },
    access: "reduce",
    infer: ({ x }, { axes }, fail) => {
      const dtype = row.gives(x.dtype) ?? fail({ code: "dtype/unsupported", sentence: `does not take ${x.dtype}`, hint: "cast first" });
      if (row.combine !== "sum" && row.combine !== "prod" && axes.some((axis) => x.shape[axis] === 0)) {
        fail({ code: "shape/empty-reduction", sentence: `no element to choose from along an axis of size 0 in [${x.shape.join(", ")}]` });
      }
      return { shape: x.shape.filter((_, axis) => !axes.includes(axis)), dtype };
    },
    reduce: ({ x }, { axes }) => ({ extents: axes.map((axis) => x.shape[axis] ?? 1), combine: row.combine }),
    body: ({ x: { x }, attrs: { axes }, at, over }) => x.at(weave(x.shape, axes, at, over)),
    vjp: ({ x: { x }, out, ct, attrs: { axes } }) => ({ x: row.vjp({ ct, x, out, axes, spread: (t) => spread(t, x.shape, axes) }) }),
  });
}

/**
 * Applies a reduction with PyTorch's axis and keepDims options.
 *
 * @internal
 */
export function applyReduction<N extends string>(op: ReduceOp<N>, x: Tensor, { axis, keepDims = false }: ReduceOptions): Tensor {
  const axes = resolveAxes(op.name, x, axis);
  const result = apply(op, { x: asPrecise(op.name, x) }, { axes });
  return keepDims ? reshape(result, keptShape(x.shape, axes)) : result;
}

/**
 * `x`, with bool, uint8 and int8 in int32: sums and products of bytes are seldom bytes.
 *
 * @internal
 */
export function countable(x: Tensor): Tensor {
  return bytesPerElement[x.dtype] === 1 ? cast(x, "int32") : x;
}

/**
 * Sorted, non-negative, distinct axes.
 *
 * @throws ArgumentError for an axis the tensor does not have, or one named twice.
 * @internal
 */
export function resolveAxes(subject: string, x: Tensor, axis: number | readonly number[] | undefined): readonly number[] {
  if (axis === undefined) return x.shape.map((_, i) => i);
  const axes = (typeof axis === "number" ? [axis] : axis).map((i) => resolveAxis(subject, x, i)).sort((a, b) => a - b);
  const twice = axes.find((value, i) => axes[i - 1] === value);
  if (twice !== undefined)
    throw new ArgumentError("argument/axis-twice", `axis ${twice} is named twice`, { subject, facts: { x: String(x) } });
  return axes;
}

/**
 * One axis as a non-negative number.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 * @internal
 */
export function resolveAxis(subject: string, x: Tensor, axis: number, rank = x.rank): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ArgumentError("argument/axis", `axis ${axis} is outside a tensor of ${rank} axes`, { subject, facts: { x: String(x) } });
  }
  return axis < 0 ? axis + rank : axis;
}

/** @internal */
export function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

/**
 * How many elements each result joins.
 *
 * @internal
 */
export function reducedCount(shape: Shape, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * (shape[axis] ?? 1), 1);
}

/** @internal */
export function isFloatOr(...others: readonly DType[]): (dtype: DType) => DType | null {
  return (dtype) => (isFloat(dtype) || others.includes(dtype) ? dtype : null);
}

function weave(shape: Shape, axes: readonly number[], at: readonly IndexExpression[], over: readonly IndexExpression[]): IndexExpression[] {
  let kept = 0;
  let reduced = 0;
  return shape.flatMap((_, axis) => (axes.includes(axis) ? over[reduced++] : at[kept++]) ?? []);
}

function spread(t: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  return broadcastTo(reshape(t, keptShape(shape, axes)), shape);
}
