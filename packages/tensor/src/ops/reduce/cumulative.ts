import type { DType } from "../../dtype.ts";
import type { Tensor } from "../../tensor.ts";
import { gather } from "../indexing/gather.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { isNaN } from "../pointwise/classify.ts";
import { equal } from "../pointwise/comparison.ts";
import { maximum, minimum } from "../pointwise/extremes.ts";
import { logicalOr } from "../pointwise/logic.ts";
import { where } from "../pointwise/where.ts";
import { iota } from "../source/iota.ts";
import { stopGradient } from "../view/identity.ts";
import { padWith } from "../view/pad.ts";
import { reshape } from "../view/reshape.ts";
import { narrow } from "../view/slice.ts";
import { countable, resolveAxis } from "./axes.ts";
import { limits } from "./limits.ts";

export interface CumulativeOptions {
  /** The axis walked along; 0 when left out, negative ones count from the last. */
  readonly axis?: number;
}

/** Extremes so far, and where they are. */
export interface CumulativeExtreme {
  readonly values: Tensor;
  /** Index along the axis, in int32; of equal ones the last. */
  readonly indices: Tensor;
}

/**
 * Sums so far along an axis: y_i = x_0 + ... + x_i; bool, uint8 and int8 are counted in int32.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function cumsum(x: Tensor, { axis = 0 }: CumulativeOptions = {}): Tensor {
  return scan(countable(x), resolveAxis("cumsum", x, axis), sums);
}

/**
 * Products so far along an axis: y_i = x_0 * ... * x_i; bool, uint8 and int8 are multiplied in int32.
 * Derivatives are right where factors are zero.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function cumprod(x: Tensor, { axis = 0 }: CumulativeOptions = {}): Tensor {
  return scan(countable(x), resolveAxis("cumprod", x, axis), products);
}

/**
 * The largest value so far along an axis, and its index; from a NaN on, NaN. The gradient goes to the element the index names.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function cummax(x: Tensor, { axis = 0 }: CumulativeOptions = {}): CumulativeExtreme {
  return extremes(x, resolveAxis("cummax", x, axis), largest);
}

/**
 * The smallest value so far along an axis, and its index; from a NaN on, NaN. The gradient goes to the element the index names.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function cummin(x: Tensor, { axis = 0 }: CumulativeOptions = {}): CumulativeExtreme {
  return extremes(x, resolveAxis("cummin", x, axis), smallest);
}

function extremes(x: Tensor, axis: number, join: Join): CumulativeExtreme {
  const places = iota(x.shape, axis);
  if (x.size === 0) return { values: x, indices: places };
  const numbers = x.dtype === "bool" ? cast(x, "uint8") : stopGradient(x);
  const reached = equal(numbers, scan(numbers, axis, join));
  const records = x.dtype === "float32" ? logicalOr(reached, isNaN(numbers)) : reached;
  const indices = scan(where(records, places, 0), axis, largest);
  return { values: gather(x, indices, { axis }), indices };
}

/** An associative and commutative way to join two values, and for each dtype what changes nothing when joined. */
interface Join {
  readonly join: (earlier: Tensor, later: Tensor) => Tensor;
  readonly neutral: (dtype: DType) => number;
}

const sums: Join = { join: add, neutral: () => 0 };
const products: Join = { join: mul, neutral: () => 1 };
const largest: Join = { join: maximum, neutral: (dtype) => limits[dtype].smallest };
const smallest: Join = { join: minimum, neutral: (dtype) => limits[dtype].largest };

/** How many times as many elements each covers after a round: the more, the fewer rounds go through memory. */
const growth = 4;
/** Elements side by side, a power of `growth`, that first move together, as far as they go: kernels then need not look at single ones. */
const block = growth ** 2;

/**
 * What all elements so far are joined to: after a round each element covers four times as many before it, so log4(n)
 * rounds do. Each sum is a tree, which keeps its rounding error small.
 * Source: Hillis and Steele, Data Parallel Algorithms (1986), there with two for four.
 */
function scan(x: Tensor, axis: number, join: Join): Tensor {
  const extent = x.shape[axis] ?? 1;
  if (extent <= block || extent % block !== 0) return rounds(x, axis, extent, join);
  const inBlocks = rounds(reshape(x, x.shape.toSpliced(axis, 1, extent / block, block)), axis, extent / block, join);
  return rounds(reshape(inBlocks, x.shape), axis, block, join);
}

/** Joins each element to those up to `length` before it, itself included. */
function rounds(x: Tensor, axis: number, length: number, { join, neutral }: Join): Tensor {
  const extent = x.shape[axis] ?? 1;
  let done = x;
  for (let reach = 1; reach < length; reach *= growth) {
    const before = done;
    const shifted = Array.from({ length: Math.min(growth, Math.ceil(length / reach)) }, (_, i) =>
      padWith(narrow(before, axis, 0, extent - i * reach), {
        before: x.shape.map((_extent, at) => (at === axis ? i * reach : 0)),
        after: x.shape.map(() => 0),
        between: x.shape.map(() => 0),
        value: neutral(x.dtype),
      }),
    );
    done = shifted.reduce((later, earlier) => join(earlier, later));
  }
  return done;
}
