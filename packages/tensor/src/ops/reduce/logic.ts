import type { Tensor } from "../../tensor.ts";
import { cast } from "../pointwise/cast.ts";
import { equal, notEqual } from "../pointwise/comparison.ts";
import { logicalNot } from "../pointwise/logic.ts";
import type { ReduceOptions } from "./axes.ts";
import { sum } from "./sum.ts";

/** Whether any value over axes is not zero, as bool; false of nothing. */
export function any(x: Tensor, options: ReduceOptions = {}): Tensor {
  return notEqual(sum(cast(x, "bool"), options), 0);
}

/** Whether every value over axes is not zero, as bool; true of nothing. */
export function all(x: Tensor, options: ReduceOptions = {}): Tensor {
  return equal(sum(logicalNot(x), options), 0);
}
