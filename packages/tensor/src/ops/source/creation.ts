import type { DType, HostData } from "../../dtype.ts";
import { hostFrom, numbersOf } from "../../float16.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import { fromHost, type Tensor } from "../../tensor.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { equal } from "../pointwise/comparison.ts";
import { full, type FullOptions } from "./full.ts";
import { iota } from "./iota.ts";

/** Numbers or booleans in arrays of arrays, all of one length at each depth. */
export type Nested = number | boolean | readonly Nested[];

export interface TensorOptions {
  /** A nested array of booleans alone is bool and other nested arrays are float32; typed arrays keep their type, with float64 made float32 and `Uint16Array` the bits of float16. */
  readonly dtype?: DType;
  /** Taken from the nesting when left out; typed arrays are vectors. */
  readonly shape?: Shape;
}

/**
 * A tensor of given values: a number, nested arrays, or a typed array, which is used without a copy where its type
 * already is the dtype's (so do not write to it afterwards).
 *
 * Example: `tensor([[1, 2], [3, 4]])`, `tensor(pixels, { shape: [28, 28] })`.
 *
 * @throws ShapeError if nested arrays are ragged or the values do not fill the shape.
 */
export function tensor(values: Nested | HostData | Float64Array, { dtype, shape }: TensorOptions = {}): Tensor {
  const { data, shape: natural, dtype: own } = readValues(values);
  const target = shape ?? natural;
  if (sizeOf(target) !== data.length || target.some((extent) => extent < 0)) {
    throw new ShapeError("shape/values", `${data.length} values do not fill [${target.join(", ")}]`, { subject: "tensor" });
  }
  const type = dtype ?? own;
  return fromHost(target, type, storedAs(data, type));
}

/** Zeros in the shape and dtype of `x`. */
export function zerosLike(x: Tensor): Tensor {
  return full(x.shape, 0, { dtype: x.dtype });
}

/** Ones in the shape and dtype of `x`. */
export function onesLike(x: Tensor): Tensor {
  return full(x.shape, 1, { dtype: x.dtype });
}

/**
 * Numbers from `start` on, `step` apart, that stay below `end` (above it for a negative step): start + i * step.
 * With whole numbers the dtype is int32 unless another is asked for, else float32. `arange(n)` counts from 0 to n - 1.
 *
 * @throws ArgumentError if the step is 0 or anything is not finite.
 */
export function arange(start: number, end?: number, step = 1, { dtype }: FullOptions = {}): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  if (![from, to, step].every(Number.isFinite) || step === 0) {
    throw new ArgumentError("argument/arange", `from ${from} to ${to} in steps of ${step} does not end`, {
      subject: "arange",
      hint: "use finite numbers and a step other than 0",
    });
  }
  const count = Math.max(0, Math.ceil((to - from) / step));
  const index = iota([count], 0);
  if ([from, step].every(Number.isInteger) && dtype !== "float32") return cast(add(mul(index, step), from), dtype ?? "int32");
  return cast(add(mul(cast(index, "float32"), step), from), dtype ?? "float32");
}

/**
 * `count` numbers at equal distances from `start` to `end`, both included, in float32.
 *
 * @throws ArgumentError if the count is negative or not whole.
 */
export function linspace(start: number, end: number, count: number): Tensor {
  if (!Number.isInteger(count) || count < 0)
    throw new ArgumentError("argument/count", `${count} numbers cannot be made`, { subject: "linspace" });
  return tensor(
    Float32Array.from({ length: count }, (_, i) =>
      i === count - 1 && count > 1 ? end : start + (i * (end - start)) / Math.max(1, count - 1),
    ),
  );
}

/** The identity matrix: ones where row and column agree. Square unless `columns` is given. */
export function eye(rows: number, columns = rows, { dtype = "float32" }: FullOptions = {}): Tensor {
  return cast(equal(iota([rows, columns], 0), iota([rows, columns], 1)), dtype);
}

function readValues(values: Nested | HostData | Float64Array): {
  readonly data: ArrayLike<number>;
  readonly shape: Shape;
  readonly dtype: DType;
} {
  if (values instanceof Int32Array) return { data: values, shape: [values.length], dtype: "int32" };
  if (values instanceof Uint16Array) return { data: values, shape: [values.length], dtype: "float16" };
  if (values instanceof Int8Array) return { data: values, shape: [values.length], dtype: "int8" };
  if (values instanceof Uint8Array) return { data: values, shape: [values.length], dtype: "uint8" };
  if (values instanceof Float32Array || values instanceof Float64Array) return { data: values, shape: [values.length], dtype: "float32" };
  const shape: number[] = [];
  for (let level: Nested | undefined = values; typeof level === "object"; level = level[0]) shape.push(level.length);
  const data: number[] = [];
  const truths = collect(values, shape, 0, data);
  return { data, shape, dtype: truths > 0 && truths === data.length ? "bool" : "float32" };
}

/** Appends the numbers of one level to `data`; returns how many of them were booleans. */
function collect(values: Nested, shape: Shape, depth: number, data: number[]): number {
  if (typeof values === "number" || typeof values === "boolean") {
    if (depth !== shape.length) refuseRagged(shape);
    data.push(Number(values));
    return Number(typeof values === "boolean");
  }
  if (depth === shape.length || values.length !== shape[depth]) refuseRagged(shape);
  return values.reduce((truths: number, item) => truths + collect(item, shape, depth + 1, data), 0);
}

function refuseRagged(shape: Shape): never {
  throw new ShapeError("shape/ragged", `nested arrays must all have the shape [${shape.join(", ")}] of the first ones`, {
    subject: "tensor",
  });
}

function storedAs(data: ArrayLike<number>, dtype: DType): HostData {
  if (data instanceof Float32Array && dtype === "float32") return data;
  if (data instanceof Int32Array && dtype === "int32") return data;
  if (data instanceof Int8Array && dtype === "int8") return data;
  if (data instanceof Uint8Array && dtype === "uint8") return data;
  if (data instanceof Uint16Array) return dtype === "float16" ? data : hostFrom(dtype, numbersOf("float16", data));
  return hostFrom(dtype, data);
}
