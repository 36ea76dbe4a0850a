import type { Tensor } from "../../tensor.ts";
import { equal, notEqual } from "../pointwise/comparison.ts";
import { logicalAnd, logicalOr } from "../pointwise/logic.ts";
import { where } from "../pointwise/where.ts";
import { argmax, min } from "../reduce/extremes.ts";
import { limits } from "../reduce/limits.ts";
import { iota } from "../source/iota.ts";
import { concat } from "../view/concat.ts";

/**
 * The positions of the `k` largest of an axis, the largest first and of equal ones the first: one pass that vectorises for
 * each, over what is not taken yet.
 *
 * @internal
 */
export function selectLargest(x: Tensor, k: number, axis: number): Tensor {
  const places = iota(x.shape, axis);
  const taken: Tensor[] = [];
  for (let i = 0; i < k; i++) {
    const left = allOf(taken.map((place) => notEqual(places, place)));
    const found = argmax(left === null ? x : where(left, x, limits[x.dtype].smallest), { axis, keepDims: true });
    // Where all that is left is the smallest number itself, what is taken looks the same: then the first place left comes next.
    const candidates = iota(
      found.shape.map((extent, at) => (at === axis ? i + 1 : extent)),
      axis,
    );
    const free = allOf(taken.map((place) => notEqual(candidates, place)));
    const again = taken
      .map((place) => equal(found, place))
      .reduce<Tensor | null>((any, one) => (any === null ? one : logicalOr(any, one)), null);
    taken.push(free === null || again === null ? found : where(again, min(where(free, candidates, i), { axis, keepDims: true }), found));
  }
  return concat(taken, { axis });
}

function allOf(conditions: readonly Tensor[]): Tensor | null {
  return conditions.reduce<Tensor | null>((all, one) => (all === null ? one : logicalAnd(all, one)), null);
}
