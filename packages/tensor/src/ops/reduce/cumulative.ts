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
import { concat } from "../view/concat.ts";
import { stopGradient } from "../view/identity.ts";
import { narrow } from "../view/slice.ts";
import { countable, resolveAxis } from "./axes.ts";

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
  return scan(countable(x), resolveAxis("cumsum", x, axis), add);
}

/**
 * Products so far along an axis: y_i = x_0 * ... * x_i; bool, uint8 and int8 are multiplied in int32.
 * Derivatives are right where factors are zero.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function cumprod(x: Tensor, { axis = 0 }: CumulativeOptions = {}): Tensor {
  return scan(countable(x), resolveAxis("cumprod", x, axis), mul);
}

/**
 * The largest value so far along an axis, and its index; from a NaN on, NaN. The gradient goes to the element the index names.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function cummax(x: Tensor, { axis = 0 }: CumulativeOptions = {}): CumulativeExtreme {
  return extremes(x, resolveAxis("cummax", x, axis), maximum);
}

/**
 * The smallest value so far along an axis, and its index; from a NaN on, NaN. The gradient goes to the element the index names.
 *
 * @throws ArgumentError for an axis the tensor does not have.
 */
export function cummin(x: Tensor, { axis = 0 }: CumulativeOptions = {}): CumulativeExtreme {
  return extremes(x, resolveAxis("cummin", x, axis), minimum);
}

function extremes(x: Tensor, axis: number, join: (a: Tensor, b: Tensor) => Tensor): CumulativeExtreme {
  const places = iota(x.shape, axis);
  if (x.size === 0) return { values: x, indices: places };
  const numbers = x.dtype === "bool" ? cast(x, "uint8") : stopGradient(x);
  const reached = equal(numbers, scan(numbers, axis, join));
  const records = x.dtype === "float32" ? logicalOr(reached, isNaN(numbers)) : reached;
  const indices = scan(where(records, places, 0), axis, maximum);
  return { values: gather(x, indices, { axis }), indices };
}

/**
 * What `join` makes of all elements so far, for an associative `join`, by doubling: after a round each element covers
 * twice as many before it, so log2(n) rounds do. Each sum is a tree, which keeps its rounding error small.
 * Source: Hillis and Steele, Data Parallel Algorithms (1986).
 */
function scan(x: Tensor, axis: number, join: (earlier: Tensor, later: Tensor) => Tensor): Tensor {
  const extent = x.shape[axis] ?? 1;
  let done = x;
  for (let reach = 1; reach < extent; reach *= 2) {
    const joined = join(narrow(done, axis, 0, extent - reach), narrow(done, axis, reach, extent - reach));
    done = concat([narrow(done, axis, 0, reach), joined], { axis });
  }
  return done;
}
