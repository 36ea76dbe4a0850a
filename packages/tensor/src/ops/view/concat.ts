import { ArgumentError } from "../../errors.ts";
import { apply } from "../../op/apply.ts";
import { integer } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import type { Scalar } from "../../scalar/expression.ts";
import { clampIndex, constantIndex, offsetIndex } from "../../scalar/index-expression.ts";
import { sameShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { promote } from "../pointwise/define-pointwise.ts";
import { cast } from "../pointwise/cast.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { select, sliceTo } from "./slice.ts";
import { unsqueeze } from "./squeeze.ts";

export const concatOp = defineLoop<Tensor>()({
  name: "concat",
  inputs: { xs: "many" },
  attrs: { axis: integer },
  access: "view",
  joins: ({ xs }, { axis }) => xs[0]?.shape.slice(0, axis).every((extent) => extent === 1) ?? false,
  infer: ({ xs }, { axis }, fail) => {
    const [first] = xs;
    if (first === undefined || axis < 0 || axis >= first.shape.length)
      return fail({ code: "shape/concat", sentence: `needs at least one tensor that has axis ${axis}` });
    const other = xs.find(({ shape }) => !sameShape(shape.with(axis, 0), first.shape.with(axis, 0)));
    if (other !== undefined)
      fail({
        code: "shape/concat",
        sentence: `[${other.shape.join(", ")}] and [${first.shape.join(", ")}] differ in another axis than ${axis}`,
      });
    const foreign = xs.find(({ dtype }) => dtype !== first.dtype);
    if (foreign !== undefined)
      fail({ code: "dtype/differ", sentence: `dtypes differ (${first.dtype} and ${foreign.dtype})`, hint: "cast one of them" });
    return {
      shape: first.shape.with(
        axis,
        xs.reduce((total, { shape }) => total + (shape[axis] ?? 0), 0),
      ),
      dtype: first.dtype,
    };
  },
  body: ({ s, x: { xs }, attrs: { axis }, out, at }) => {
    const along = at[axis] ?? constantIndex(0);
    let from = out.shape[axis] ?? 0;
    let result: Scalar | null = null;
    for (const x of xs.toReversed()) {
      if (x.shape.includes(0)) continue;
      const end = from;
      from -= x.shape[axis] ?? 0;
      const value = x.at(at.with(axis, clampIndex(offsetIndex(along, -from), x.shape[axis] ?? 0)));
      result = result === null ? value : s.call("select", s.call("less", s.index(along), s.constant("int32", end)), value, result);
    }
    return result ?? s.constant(out.dtype, 0);
  },
  vjp: ({ x: { xs }, ct, attrs: { axis } }) => ({
    xs: pieces(
      ct,
      xs.map(({ shape }) => shape),
      axis,
    ),
  }),
});

export interface AxisOption {
  /** 0 when left out; negative ones count from the last. */
  readonly axis?: number;
}

/**
 * Tensors joined end to end along an existing axis; dtypes are promoted.
 *
 * @throws ArgumentError if there are none; ShapeError if they differ in another axis.
 */
export function concat(xs: readonly Tensor[], { axis = 0 }: AxisOption = {}): Tensor {
  const [first] = xs;
  if (first === undefined) throw new ArgumentError("argument/none", "needs at least one tensor", { subject: "concat" });
  const dtype = xs.reduce((joint, x) => promote(cast(first, joint), x), first.dtype);
  return apply(concatOp, { xs: xs.map((x) => cast(x, dtype)) }, { axis: resolveAxis("concat", first, axis) });
}

/**
 * Tensors of one shape joined along a new axis, which becomes axis `axis` of the result.
 *
 * @throws ArgumentError if there are none; ShapeError if their shapes differ.
 */
export function stack(xs: readonly Tensor[], { axis = 0 }: AxisOption = {}): Tensor {
  const [first] = xs;
  if (first === undefined) throw new ArgumentError("argument/none", "needs at least one tensor", { subject: "stack" });
  const along = resolveAxis("stack", first, axis, first.rank + 1);
  return concat(
    xs.map((x) => unsqueeze(x, along)),
    { axis: along },
  );
}

/**
 * Cuts an axis into consecutive parts: of `size` each (the last may be smaller), or of the listed sizes.
 *
 * @throws ArgumentError if `size` is not positive or the listed sizes do not add up to the axis.
 */
export function split(x: Tensor, size: number | readonly number[], { axis = 0 }: AxisOption = {}): Tensor[] {
  const along = resolveAxis("split", x, axis);
  const extent = x.shape[along] ?? 0;
  const sizes = typeof size === "number" ? equalParts(extent, size) : size;
  if (sizes.some((part) => part < 0 || !Number.isInteger(part)) || sizes.reduce((a, b) => a + b, 0) !== extent) {
    throw new ArgumentError("argument/split", `parts of [${sizes.join(", ")}] do not make up ${extent} elements`, {
      subject: "split",
      facts: { x: String(x), axis: along },
    });
  }
  return pieces(
    x,
    sizes.map((part) => x.shape.with(along, part)),
    along,
  );
}

/**
 * Cuts an axis into at most `count` consecutive parts of ceil(size / count) elements; the last may be smaller.
 *
 * @throws ArgumentError if `count` is not a positive whole number, or for an axis the tensor does not have.
 */
export function chunk(x: Tensor, count: number, { axis = 0 }: AxisOption = {}): Tensor[] {
  if (!Number.isInteger(count) || count < 1)
    throw new ArgumentError("argument/split", `${count} parts cannot be cut`, { subject: "chunk", hint: "use a positive whole number" });
  const extent = x.shape[resolveAxis("chunk", x, axis)] ?? 0;
  return extent === 0 ? [x] : split(x, Math.ceil(extent / count), { axis });
}

/**
 * The slices of an axis, one by one, without it.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function unbind(x: Tensor, { axis = 0 }: AxisOption = {}): Tensor[] {
  const along = resolveAxis("unbind", x, axis);
  return Array.from({ length: x.shape[along] ?? 0 }, (_, i) => select(x, along, i));
}

function pieces(x: Tensor, shapes: readonly Shape[], axis: number): Tensor[] {
  let from = 0;
  return shapes.map((sizes) => {
    const starts = x.shape.map((_, i) => (i === axis ? from : 0));
    from += sizes[axis] ?? 0;
    return sliceTo(x, { starts, steps: x.shape.map(() => 1), sizes });
  });
}

function equalParts(extent: number, size: number): number[] {
  if (!Number.isInteger(size) || size < 1)
    throw new ArgumentError("argument/split", `parts of ${size} elements cannot be cut`, {
      subject: "split",
      hint: "use a positive whole number",
    });
  return Array.from({ length: Math.ceil(extent / size) }, (_, i) => Math.min(size, extent - i * size));
}
