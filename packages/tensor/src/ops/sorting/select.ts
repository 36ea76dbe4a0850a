import type { Tensor } from "../../tensor.ts";
import { gather } from "../indexing/gather.ts";
import { add, mul } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { equal, less, notEqual } from "../pointwise/comparison.ts";
import { logicalAnd, logicalOr } from "../pointwise/logic.ts";
import { where } from "../pointwise/where.ts";
import { argmax, max, min } from "../reduce/extremes.ts";
import { limits } from "../reduce/limits.ts";
import { sum } from "../reduce/sum.ts";
import { iota } from "../source/iota.ts";
import { concat } from "../view/concat.ts";
import { expand } from "../view/expand.ts";
import { pad } from "../view/pad.ts";
import { reshape } from "../view/reshape.ts";
import { unsqueeze } from "../view/squeeze.ts";

/** Axes from so many elements on are looked through in blocks. */
const shortestBlocked = 256;

/**
 * The positions of the `k` largest of an axis, the largest first and of equal ones the first.
 *
 * A long axis is cut into blocks: the k largest lie in the k blocks whose own largest are largest. So the axis is gone through
 * once, and what is searched k times is short.
 *
 * @internal
 */
export function selectLargest(x: Tensor, k: number, axis: number): Tensor {
  const extent = x.shape[axis] ?? 1;
  const length = 2 ** Math.round(Math.log2(extent / k) / 2);
  const count = Math.ceil(extent / length);
  if (k === 1 || extent < shortestBlocked || count <= k) return oneByOne(x, k, axis);
  const [lead, rest] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const after = x.shape.map((_, i) => [0, i === axis ? count * length - extent : 0] as const);
  const blocks = reshape(pad(x, after, { value: limits[x.dtype].smallest }), [...lead, count, length, ...rest]);
  // In their order along the axis, so that of equal values the first is found.
  const chosen = ascending(oneByOne(max(blocks, { axis: axis + 1 }), k, axis), axis);
  const within = [...lead, k, length, ...rest];
  const ofBlocks = expand(unsqueeze(chosen, axis + 1), within);
  const joined = [...lead, k * length, ...rest];
  const found = oneByOne(reshape(gather(blocks, ofBlocks, { axis }), joined), k, axis);
  return gather(reshape(add(mul(ofBlocks, length), iota(within, axis + 1)), joined), found, { axis });
}

/** One pass that vectorises for each, over what is not taken yet. */
function oneByOne(x: Tensor, k: number, axis: number): Tensor {
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

/** Different numbers in order: each goes where as many are less. */
function ascending(x: Tensor, axis: number): Tensor {
  const [across, down] = [unsqueeze(x, axis), unsqueeze(x, axis + 1)];
  const rank = sum(cast(less(across, down), "int32"), { axis: axis + 1 });
  const k = x.shape[axis] ?? 1;
  const places = iota([...x.shape.slice(0, axis), k, k, ...x.shape.slice(axis + 1)], axis + 1);
  return sum(where(equal(unsqueeze(rank, axis + 1), places), down, 0), { axis });
}

function allOf(conditions: readonly Tensor[]): Tensor | null {
  return conditions.reduce<Tensor | null>((all, one) => (all === null ? one : logicalAnd(all, one)), null);
}
