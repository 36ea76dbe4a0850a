import { isFloat } from "../../dtype.ts";
import { type Attr, bool, integers } from "../../op/attr.ts";
import type { Aval, Fail } from "../../op/define.ts";
import type { Scalar, ScalarBuilder } from "../../scalar/expression.ts";
import {
  addIndex,
  constantIndex,
  divIndex,
  type IndexExpression,
  modIndex,
  offsetIndex,
  scaleIndex,
} from "../../scalar/index-expression.ts";
import type { Shape } from "../../shape.ts";
import { pair } from "../library/conv2d.ts";

/** What defines 2-D pooling besides its tensor; every pair is [height, width]. */
export interface Pooling {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  /** Rows and columns added on each side. */
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  /** Rounds the output size up: a last window may reach beyond the padding, if it starts before it. */
  readonly ceilMode: boolean;
}

export const poolingAttrs = { kernel: integers, stride: integers, padding: integers, dilation: integers, ceilMode: bool } satisfies Record<
  keyof Pooling,
  Attr<unknown>
>;

export interface PoolOptions {
  /** Steps between windows; the kernel's size when left out. */
  readonly stride?: number | readonly [height: number, width: number];
  /** Added on each side, at most half the kernel; 0 when left out. */
  readonly padding?: number | readonly [height: number, width: number];
  /** Rounds the output size up instead of down; false when left out. */
  readonly ceilMode?: boolean;
}

/**
 * Options as the rows take them.
 *
 * @internal
 */
export function poolingOf(
  kernel: number | readonly [height: number, width: number],
  {
    stride = kernel,
    padding = 0,
    dilation = 1,
    ceilMode = false,
  }: PoolOptions & { readonly dilation?: number | readonly [height: number, width: number] },
): Pooling {
  return { kernel: pair(kernel), stride: pair(stride), padding: pair(padding), dilation: pair(dilation), ceilMode };
}

/**
 * Checks the input [n, c, h, w] and returns the output's shape. Along each axis:
 * floor or ceil of (size + 2 * padding - dilation * (kernel - 1) - 1) / stride, plus 1; with ceil, a last window that
 * would start in the padding after the input is dropped.
 *
 * @internal
 */
export function pooledShape(x: Aval, { kernel, stride, padding, dilation, ceilMode }: Pooling, fail: Fail): Shape {
  if (!isFloat(x.dtype)) fail({ code: "dtype/unsupported", sentence: `takes float32 or float16, not ${x.dtype}`, hint: "cast first" });
  if (x.shape.length !== 4) fail({ code: "shape/pool-rank", sentence: `needs an input [n, c, h, w], not [${x.shape.join(", ")}]` });
  const pairs = [kernel, stride, padding, dilation];
  if (
    pairs.some(({ length }) => length !== 2) ||
    [...kernel, ...stride, ...dilation].some((n) => n < 1) ||
    padding.some((n, axis) => n < 0 || 2 * n > (kernel[axis] ?? 1))
  ) {
    fail({
      code: "shape/pool-attributes",
      sentence: "kernel, stride and dilation must be two positive integers, padding two from 0 to half the kernel",
    });
  }
  const sizes = [0, 1].map((axis) => {
    const size = x.shape[2 + axis] ?? 1;
    const pad = padding[axis] ?? 0;
    const step = stride[axis] ?? 1;
    const room = (size + 2 * pad - (dilation[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) - 1) / step;
    const count = Math.floor(room) + 1;
    return ceilMode && room > count - 1 && count * step < size + pad ? count + 1 : count;
  });
  if (sizes.some((size) => size < 1)) {
    fail({
      code: "shape/pool-too-small",
      sentence: `a ${kernel.join("x")} window does not fit into ${x.shape.slice(2).join("x")}`,
      hint: "add padding or use a smaller kernel",
    });
  }
  return [...x.shape.slice(0, 2), ...sizes];
}

/**
 * Where the taps `over` of the windows `at` lie in the input.
 *
 * @internal
 */
export function tapIndex(
  at: readonly IndexExpression[],
  over: readonly IndexExpression[],
  { stride, padding, dilation }: Pooling,
): IndexExpression[] {
  return at.map((index, i) => {
    if (i < 2) return index;
    const tap = scaleIndex(over[i - 2] ?? constantIndex(0), dilation[i - 2] ?? 1);
    return offsetIndex(addIndex(scaleIndex(index, stride[i - 2] ?? 1), tap), -(padding[i - 2] ?? 0));
  });
}

/**
 * How many windows can cover one input pixel, along height and width.
 *
 * @internal
 */
export function coveringExtents({ kernel, stride, dilation }: Pooling): Shape {
  return [0, 1].map((axis) => ((dilation[axis] ?? 1) > 1 ? (kernel[axis] ?? 1) : Math.ceil((kernel[axis] ?? 1) / (stride[axis] ?? 1))));
}

interface Covering {
  /** Index of a window in the output. */
  readonly window: readonly IndexExpression[];
  /** Which of the window's taps lies on the pixel, along height and width. */
  readonly tap: readonly IndexExpression[];
  /** Whether there is such a tap; null if always. */
  readonly covers: Scalar | null;
}

/**
 * The `over`-th of the windows that cover the input pixel `at`. The window itself may lie outside the output.
 *
 * Without dilation these are the last window to start before the pixel and those before it. Non-overlapping windows
 * thus come out as the pixel's index divided by the stride, with nothing to check.
 *
 * @internal
 */
export function coveringWindow(
  s: ScalarBuilder,
  at: readonly IndexExpression[],
  over: readonly IndexExpression[],
  { kernel, stride, padding, dilation }: Pooling,
): Covering {
  const conditions: (Scalar | null)[] = [];
  const tap: IndexExpression[] = [];
  const window = at.map((index, i) => {
    if (i < 2) return index;
    const axis = i - 2;
    const taps = kernel[axis] ?? 1;
    const step = stride[axis] ?? 1;
    const spread = dilation[axis] ?? 1;
    const back = over[axis] ?? constantIndex(0);
    const pixel = offsetIndex(index, padding[axis] ?? 0);
    if (spread === 1) {
      const position = addIndex(modIndex(pixel, step), scaleIndex(back, step));
      tap[axis] = position;
      conditions.push(s.within(position, 0, taps));
      return addIndex(divIndex(pixel, step), scaleIndex(back, -1));
    }
    // Taps are counted from the last, so that the start of the window is an increasing function of every axis.
    const start = offsetIndex(addIndex(pixel, scaleIndex(back, spread)), -(taps - 1) * spread);
    tap[axis] = offsetIndex(scaleIndex(back, -1), taps - 1);
    conditions.push(step === 1 ? null : s.call("equal", s.index(modIndex(start, step)), s.constant("int32", 0)));
    return divIndex(start, step);
  });
  return { window, tap, covers: s.all(conditions) };
}
