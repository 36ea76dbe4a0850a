import type { Tensor } from "../../tensor.ts";
import { cast } from "../pointwise/cast.ts";
import { isNaN } from "../pointwise/classify.ts";
import { equal, less } from "../pointwise/comparison.ts";
import { logicalAnd, logicalNot, logicalOr } from "../pointwise/logic.ts";
import { where } from "../pointwise/where.ts";
import { sum } from "../reduce/sum.ts";
import { iota } from "../source/iota.ts";
import { expand } from "../view/expand.ts";
import { stopGradient } from "../view/identity.ts";
import { unsqueeze } from "../view/squeeze.ts";

/**
 * The stable order of each row of `x` [rows, n], by counting: an element's place is how many come before it. n² comparisons
 * that vectorise, in two kernels.
 *
 * @internal
 */
export function orderByRank(x: Tensor, descending: boolean): Tensor {
  const [rows = 0, n = 0] = x.shape;
  const all = [rows, n, n];
  const values = stopGradient(x.dtype === "bool" ? cast(x, "uint8") : x);
  const [one, other] = [expand(unsqueeze(values, 2), all), expand(unsqueeze(values, 1), all)];
  const [at, place] = [iota(all, 1), iota(all, 2)];
  const earlier = logicalAnd(less(place, at), logicalNot(precedes(one, other, descending)));
  const rank = sum(logicalOr(precedes(other, one, descending), earlier), { axis: 2 });
  return sum(where(equal(expand(unsqueeze(rank, 1), all), at), place, 0), { axis: 2 });
}

/** Where `a` comes strictly before `b`; a NaN is larger than everything. */
function precedes(a: Tensor, b: Tensor, descending: boolean): Tensor {
  const [small, large] = descending ? [b, a] : [a, b];
  if (a.dtype !== "float32") return less(small, large);
  return logicalOr(less(small, large), logicalAnd(isNaN(large), logicalNot(isNaN(small))));
}
