import { apply } from "../../op/apply.ts";
import { bool, integer, integers, type Values } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import type { Scalar, ScalarBuilder } from "../../scalar/expression.ts";
import { constantIndex, type IndexExpression, offsetIndex, scaleIndex } from "../../scalar/index-expression.ts";
import { sameShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { paddedRead } from "../view/padded-read.ts";
import { coveringExtents, coveringWindow, pooledShape, poolingAttrs, poolingOf, type PoolOptions, tapIndex } from "./geometry.ts";

const averageAttrs = { ...poolingAttrs, countIncludePad: bool, divisor: integer };
type Average = Values<typeof averageAttrs>;

export const avgPool2dOp = defineLoop<Tensor>()({
  name: "avgPool2d",
  inputs: { x: "one" },
  attrs: averageAttrs,
  access: "reduce",
  infer: ({ x }, attrs, fail) => ({ shape: pooledShape(x, attrs, fail), dtype: x.dtype }),
  reduce: (_, { kernel }) => ({ extents: kernel, combine: "sum" }),
  body: ({ s, x: { x }, attrs, at, over }) => share(s, paddedRead(s, x, tapIndex(at, over, attrs), 0), at, x.shape, attrs),
  vjp: ({ x: { x }, ct, attrs }) => ({ x: avgPool2dGrad(ct, x.shape, attrs) }),
});

/** The transpose of `avgPool2d`: each pixel sums its share of the windows that cover it. */
export const avgPool2dGradOp = defineLoop<Tensor>()({
  name: "avgPool2dGrad",
  inputs: { ct: "one" },
  attrs: { ...averageAttrs, inputShape: integers },
  access: "reduce",
  infer: ({ ct }, { inputShape, ...attrs }, fail) => {
    const pooled = pooledShape({ shape: inputShape, dtype: ct.dtype }, attrs, fail);
    if (!sameShape(ct.shape, pooled))
      fail({
        code: "shape/pool-output",
        sentence: `what belongs to the windows must be [${pooled.join(", ")}], not [${ct.shape.join(", ")}]`,
      });
    return { shape: inputShape, dtype: ct.dtype };
  },
  reduce: (_, attrs) => ({ extents: coveringExtents(attrs), combine: "sum" }),
  body: ({ s, x: { ct }, attrs: { inputShape, ...attrs }, at, over }) => {
    const { window, covers } = coveringWindow(s, at, over, attrs);
    return share(s, paddedRead(s, ct, window, 0, covers), window, inputShape, attrs);
  },
  vjp: ({ ct, attrs: { inputShape: _, ...attrs } }) => ({ ct: averaged(ct, attrs) }),
});

export interface AvgPool2dOptions extends PoolOptions {
  /** Whether padding counts as elements of the average; true when left out. What ceilMode adds beyond it never counts. */
  readonly countIncludePad?: boolean;
  /** Divides every window's sum by this instead of its number of elements. */
  readonly divisorOverride?: number;
}

/**
 * The mean of each window of `kernel` pixels.
 *
 * Shapes: `x` [n, c, h, w], result [n, c, oh, ow] with oh = floor((h + 2 * padding - kernel) / stride) + 1, or ceil of the
 * quotient in `ceilMode`.
 *
 * @throws ShapeError if a window does not fit, or padding is more than half the kernel.
 */
export function avgPool2d(
  x: Tensor,
  kernel: number | readonly [height: number, width: number],
  { countIncludePad = true, divisorOverride = 0, ...options }: AvgPool2dOptions = {},
): Tensor {
  return averaged(x, { ...poolingOf(kernel, options), countIncludePad, divisor: divisorOverride });
}

function averaged(x: Tensor, attrs: Average): Tensor {
  return apply(avgPool2dOp, { x }, attrs);
}

function avgPool2dGrad(ct: Tensor, inputShape: Shape, attrs: Average): Tensor {
  return apply(avgPool2dGradOp, { ct }, { ...attrs, inputShape });
}

/** One term's part of the mean: divided by how many elements its window counts. */
function share(s: ScalarBuilder, term: Scalar, window: readonly IndexExpression[], input: Shape, attrs: Average): Scalar {
  if (attrs.divisor !== 0) return s.call("mul", term, s.constant("float32", 1 / attrs.divisor));
  const [rows, columns] = [0, 1].map((axis) => countedTaps(s, window[2 + axis] ?? constantIndex(0), input[2 + axis] ?? 1, axis, attrs));
  if (rows === undefined || columns === undefined) return term;
  const count = s.call("mul", rows, columns);
  if (count.kind === "constant") return s.call("mul", term, s.constant("float32", 1 / count.value));
  return s.call("div", term, s.call("toFloat32", count));
}

/** How many taps of a window lie where they count: within the input, or within its padding too. */
function countedTaps(
  s: ScalarBuilder,
  window: IndexExpression,
  size: number,
  axis: number,
  { kernel, stride, padding, countIncludePad, ceilMode }: Average,
): Scalar {
  const taps = kernel[axis] ?? 1;
  const pad = padding[axis] ?? 0;
  // Every window there is lies within the padding, unless the output's size was rounded up.
  if (!ceilMode && (countIncludePad || pad === 0)) return s.constant("int32", taps);
  const start = offsetIndex(scaleIndex(window, stride[axis] ?? 1), -pad);
  const low = countIncludePad ? -pad : 0;
  const high = countIncludePad ? size + pad : size;
  const first = start.min < low ? s.call("max", s.index(start), s.constant("int32", low)) : null;
  const last = start.max + taps > high ? s.call("min", s.index(offsetIndex(start, taps)), s.constant("int32", high)) : null;
  if (first === null && last === null) return s.constant("int32", taps);
  return s.call("max", s.call("sub", last ?? s.index(offsetIndex(start, taps)), first ?? s.index(start)), s.constant("int32", 1));
}
