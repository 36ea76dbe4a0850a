import { apply } from "../../op/apply.ts";
import { integers } from "../../op/attr.ts";
import { type Aval, defineLoop, type Fail } from "../../op/define.ts";
import { addIndex, constantIndex, scaleIndex, valueIndex } from "../../scalar/index-expression.ts";
import { sameShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { iota } from "../source/iota.ts";
import { paddedRead } from "../view/padded-read.ts";
import {
  coveringExtents,
  coveringWindow,
  pooledShape,
  type Pooling,
  poolingAttrs,
  poolingOf,
  type PoolOptions,
  tapIndex,
} from "./geometry.ts";

export const maxPool2dOp = defineLoop<Tensor>()({
  name: "maxPool2d",
  inputs: { x: "one" },
  attrs: poolingAttrs,
  access: "reduce",
  infer: ({ x }, attrs, fail) => ({ shape: pooledShape(x, attrs, fail), dtype: x.dtype }),
  reduce: (_, { kernel }) => ({ extents: kernel, combine: "max" }),
  body: ({ s, x: { x }, attrs, at, over }) => paddedRead(s, x, tapIndex(at, over, attrs), -Infinity),
  vjp: ({ x: { x }, ct, attrs }) => ({ x: maxUnpool2d(ct, apply(maxPool2dIndexOp, { x }, attrs), x.shape, attrs) }),
});

/** Which tap of each window is the largest: its row-major position in the kernel. */
export const maxPool2dIndexOp = defineLoop<Tensor>()({
  name: "maxPool2dIndex",
  inputs: { x: "one" },
  attrs: poolingAttrs,
  access: "reduce",
  infer: ({ x }, attrs, fail) => ({ shape: pooledShape(x, attrs, fail), dtype: "int32" }),
  reduce: (_, { kernel }) => ({ extents: kernel, combine: "argmax" }),
  body: ({ s, x: { x }, attrs, at, over }) => paddedRead(s, x, tapIndex(at, over, attrs), -Infinity),
  vjp: () => ({ x: null }),
});

/** Puts each window's cotangent where the window's index points: the transpose of `maxPool2dGather`. */
export const maxUnpool2dOp = defineLoop<Tensor>()({
  name: "maxUnpool2d",
  inputs: { ct: "one", index: "one" },
  attrs: { ...poolingAttrs, inputShape: integers },
  access: "reduce",
  infer: ({ ct, index }, { inputShape, ...attrs }, fail) => {
    checkPooled([ct.shape, index.shape], pooledShape({ shape: inputShape, dtype: ct.dtype }, attrs, fail), fail);
    checkTaps(index, fail);
    return { shape: inputShape, dtype: ct.dtype };
  },
  reduce: (_, attrs) => ({ extents: coveringExtents(attrs), combine: "sum" }),
  body: ({ s, x: { ct, index }, attrs, at, over }) => {
    const { window, tap, covers } = coveringWindow(s, at, over, attrs);
    const [row = constantIndex(0), column = constantIndex(0)] = tap;
    const position = s.index(addIndex(scaleIndex(row, attrs.kernel[1] ?? 1), column));
    const chosen = s.call("equal", paddedRead(s, index, window, -1), position);
    return paddedRead(s, ct, window, 0, s.all([chosen, covers]));
  },
  vjp: ({ x: { index }, ct, attrs: { inputShape: _, ...attrs } }) => ({ ct: maxPool2dGather(ct, index, attrs), index: null }),
});

/** Reads each window's tap that its index points at; 0 where that is padding. */
export const maxPool2dGatherOp = defineLoop<Tensor>()({
  name: "maxPool2dGather",
  inputs: { x: "one", index: "one" },
  attrs: poolingAttrs,
  access: "index",
  infer: ({ x, index }, attrs, fail) => {
    const shape = pooledShape(x, attrs, fail);
    checkPooled([index.shape], shape, fail);
    checkTaps(index, fail);
    return { shape, dtype: x.dtype };
  },
  body: ({ s, x: { x, index }, attrs, at }) => {
    const [rows = 1, columns = 1] = attrs.kernel;
    const last = s.constant("int32", rows * columns - 1);
    const position = s.call("min", s.call("max", index.at(at), s.constant("int32", 0)), last);
    const width = s.constant("int32", columns);
    const tap = [valueIndex(s.call("div", position, width), rows), valueIndex(s.call("rem", position, width), columns)];
    return paddedRead(s, x, tapIndex(at, tap, attrs), 0);
  },
  vjp: ({ x: { x, index }, ct, attrs }) => ({ x: maxUnpool2d(ct, index, x.shape, attrs), index: null }),
});

export interface MaxPool2dOptions extends PoolOptions {
  /** Distance between the elements of a window; 1 when left out. */
  readonly dilation?: number | readonly [height: number, width: number];
}

/**
 * The largest value in each window of `kernel` pixels: y[n, c, i, j] = max over p, q of
 * x[n, c, i * stride + p * dilation - padding, j * ...]. Padding never wins. The first of equal values takes the gradient.
 *
 * Shapes: `x` [n, c, h, w], result [n, c, oh, ow] with oh = floor((h + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1,
 * or ceil of the quotient in `ceilMode`.
 *
 * @throws ShapeError if a window does not fit, or padding is more than half the kernel.
 */
export function maxPool2d(x: Tensor, kernel: number | readonly [height: number, width: number], options: MaxPool2dOptions = {}): Tensor {
  return apply(maxPool2dOp, { x }, poolingOf(kernel, options));
}

/** The largest values of windows, and where they were: row-major positions in the spatial axes, in int32. */
export interface PooledMaximum {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/**
 * `maxPool2d` with the position h * width + w of every window's winner, which `maxUnpool2d` takes.
 *
 * Shapes: `x` [n, c, h, w], both results [n, c, oh, ow].
 *
 * @throws ShapeError if a window does not fit, or padding is more than half the kernel.
 */
export function maxPool2dWithIndices(
  x: Tensor,
  kernel: number | readonly [height: number, width: number],
  options: MaxPool2dOptions = {},
): PooledMaximum {
  const values = maxPool2d(x, kernel, options);
  const places = add(mul(iota(x.shape, 2), x.shape[3] ?? 1), iota(x.shape, 3));
  return { values, indices: placesOfMaxima(x, places, poolingOf(kernel, options)) };
}

/**
 * What `places` holds where each window's largest value is. Places travel as float32, exact below 2^24.
 *
 * @internal
 */
export function placesOfMaxima(x: Tensor, places: Tensor, attrs: Pooling): Tensor {
  const tap = apply(maxPool2dIndexOp, { x }, attrs);
  return cast(maxPool2dGather(cast(places, "float32"), tap, attrs), "int32");
}

function maxUnpool2d(ct: Tensor, index: Tensor, inputShape: Shape, attrs: Pooling): Tensor {
  return apply(maxUnpool2dOp, { ct, index }, { ...attrs, inputShape });
}

function maxPool2dGather(x: Tensor, index: Tensor, attrs: Pooling): Tensor {
  return apply(maxPool2dGatherOp, { x, index }, attrs);
}

function checkPooled(shapes: readonly Shape[], pooled: Shape, fail: Fail): void {
  const other = shapes.find((shape) => !sameShape(shape, pooled));
  if (other !== undefined)
    fail({ code: "shape/pool-output", sentence: `what belongs to the windows must be [${pooled.join(", ")}], not [${other.join(", ")}]` });
}

function checkTaps(index: Aval, fail: Fail): void {
  if (index.dtype !== "int32") fail({ code: "dtype/index", sentence: `an index must be int32, not ${index.dtype}` });
}
