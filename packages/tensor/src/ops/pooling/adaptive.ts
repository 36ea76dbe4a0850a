import { ShapeError } from "../../errors.ts";
import { fromHost, type Tensor } from "../../tensor.ts";
import { type PerAxis, perAxis } from "../convolution/per-axis.ts";
import { gather } from "../indexing/gather.ts";
import { indexSelect } from "../indexing/index-select.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { argmax, max } from "../reduce/extremes.ts";
import { mean } from "../reduce/sum.ts";
import { mapAlong, type Taps } from "../resampling/taps.ts";
import { iota } from "../source/iota.ts";
import { reshape } from "../view/reshape.ts";
import type { PooledMaximum } from "./max-pool2d.ts";

/**
 * Means of windows that are chosen for the result's size: window i of o over n elements is floor(i * n / o) .. ceil((i + 1) * n / o).
 *
 * Shapes: `x` [n, c, l], result [n, c, size].
 *
 * @throws ShapeError if `x` has other axes, or nothing along one; ArgumentError if the size is no list for its axes.
 */
export function adaptiveAvgPool1d(x: Tensor, size: PerAxis): Tensor {
  return adaptiveAvg("adaptiveAvgPool1d", 1, x, size);
}

/**
 * Means of windows that are chosen for the result's size, as `adaptiveAvgPool1d` along each axis; size 1 is the mean of all pixels.
 *
 * Shapes: `x` [n, c, h, w], result [n, c, ...size].
 *
 * @throws ShapeError if `x` has other axes, or nothing along one; ArgumentError if the size is no list for its axes.
 */
export function adaptiveAvgPool2d(x: Tensor, size: PerAxis): Tensor {
  return adaptiveAvg("adaptiveAvgPool2d", 2, x, size);
}

/**
 * Means of windows that are chosen for the result's size, as `adaptiveAvgPool1d` along each axis.
 *
 * Shapes: `x` [n, c, d, h, w], result [n, c, ...size].
 *
 * @throws ShapeError if `x` has other axes, or nothing along one; ArgumentError if the size is no list for its axes.
 */
export function adaptiveAvgPool3d(x: Tensor, size: PerAxis): Tensor {
  return adaptiveAvg("adaptiveAvgPool3d", 3, x, size);
}

/**
 * The largest values of windows that are chosen for the result's size, as in `adaptiveAvgPool1d`, and their positions.
 * The first of equal values takes the gradient.
 *
 * Shapes: `x` [n, c, l], both results [n, c, size].
 *
 * @throws ShapeError if `x` has other axes, or nothing along one; ArgumentError if the size is no list for its axes.
 */
export function adaptiveMaxPool1d(x: Tensor, size: PerAxis): PooledMaximum {
  return adaptiveMax("adaptiveMaxPool1d", 1, x, size);
}

/**
 * The largest values of windows that are chosen for the result's size, and their positions h * width + w.
 *
 * Shapes: `x` [n, c, h, w], both results [n, c, ...size].
 *
 * @throws ShapeError if `x` has other axes, or nothing along one; ArgumentError if the size is no list for its axes.
 */
export function adaptiveMaxPool2d(x: Tensor, size: PerAxis): PooledMaximum {
  return adaptiveMax("adaptiveMaxPool2d", 2, x, size);
}

/**
 * The largest values of windows that are chosen for the result's size, and their positions (d * height + h) * width + w.
 *
 * Shapes: `x` [n, c, d, h, w], both results [n, c, ...size].
 *
 * @throws ShapeError if `x` has other axes, or nothing along one; ArgumentError if the size is no list for its axes.
 */
export function adaptiveMaxPool3d(x: Tensor, size: PerAxis): PooledMaximum {
  return adaptiveMax("adaptiveMaxPool3d", 3, x, size);
}

/** The mean of every channel: [n, c, ...] to [n, c, 1, ...]. */
export function globalAvgPool(x: Tensor): Tensor {
  return mean(x, { axis: spatialAxes(x), keepDims: true });
}

/**
 * The largest value of every channel: [n, c, ...] to [n, c, 1, ...]. Equal largest values share the gradient evenly.
 *
 * @throws ShapeError if a channel has no elements.
 */
export function globalMaxPool(x: Tensor): Tensor {
  return max(x, { axis: spatialAxes(x), keepDims: true });
}

function adaptiveAvg(subject: string, count: number, x: Tensor, size: PerAxis): Tensor {
  return checkedSizes(subject, count, x, size).reduce(
    (y, extent, i) => {
      const from = x.shape[2 + i] ?? 1;
      if (from === extent) return y;
      if (from % extent === 0) return mean(reshape(y, y.shape.toSpliced(2 + i, 1, extent, from / extent)), { axis: 3 + i });
      return mapAlong(y, 2 + i, averages(from, extent));
    },
    cast(x, "float32"),
  );
}

function averages(from: number, to: number): Taps {
  return windows(from, to).map((places) => places.map((place) => ({ place, weight: 1 / places.length })));
}

/** Last axis first, so that of equal values the row-major first one wins. */
function adaptiveMax(subject: string, count: number, x: Tensor, size: PerAxis): PooledMaximum {
  const sizes = checkedSizes(subject, count, x, size);
  let values = x;
  let indices: Tensor | null = null;
  let stride = 1;
  for (let axis = x.rank - 1; axis >= 2; axis--) {
    const place = winners(values, axis, sizes[axis - 2] ?? 1);
    const position = mul(place, stride);
    values = gather(values, place, { axis });
    indices = indices === null ? position : add(gather(indices, place, { axis }), position);
    stride *= x.shape[axis] ?? 1;
  }
  return { values, indices: indices ?? x };
}

/** Where along the axis each window's largest value is. */
function winners(x: Tensor, axis: number, to: number): Tensor {
  const rows = windows(x.shape[axis] ?? 1, to);
  const most = Math.max(...rows.map(({ length }) => length));
  const table = Int32Array.from(rows.flatMap((places) => Array.from({ length: most }, (_, i) => places[i] ?? places.at(-1) ?? 0)));
  const places = fromHost([to, most], "int32", table);
  const tap = argmax(indexSelect(x, places, { axis }), { axis: axis + 1 });
  return indexSelect(reshape(places, [to * most]), add(tap, mul(iota(tap.shape, axis), most)));
}

/** The places of each window. */
function windows(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, i) => {
    const start = Math.floor((i * from) / to);
    return Array.from({ length: Math.ceil(((i + 1) * from) / to) - start }, (_, j) => start + j);
  });
}

function checkedSizes(subject: string, count: number, x: Tensor, size: PerAxis): readonly number[] {
  const sizes = perAxis(subject, size, count);
  if (x.rank !== 2 + count || x.shape.slice(2).includes(0) || sizes.some((extent) => !Number.isInteger(extent) || extent < 1)) {
    throw new ShapeError("shape/adaptive-pool", `[${x.shape.join(", ")}] does not pool to [${sizes.join(", ")}]`, {
      subject,
      facts: { x: String(x) },
    });
  }
  return sizes;
}

function spatialAxes(x: Tensor): number[] {
  return Array.from({ length: Math.max(0, x.rank - 2) }, (_, i) => 2 + i);
}
