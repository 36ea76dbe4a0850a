import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { div, sub } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { equal, lessEqual } from "../pointwise/comparison.ts";
import { maximum } from "../pointwise/extremes.ts";
import { where } from "../pointwise/where.ts";
import { max } from "../reduce/extremes.ts";
import { sum } from "../reduce/sum.ts";
import { iota } from "../source/iota.ts";
import { expand } from "../view/expand.ts";
import { unsqueeze } from "../view/squeeze.ts";
import { asIndex, embedding } from "./index-select.ts";
import { addRows } from "./scatter-add.ts";

export interface EmbeddingBagOptions {
  /** How the rows of a bag join: "mean" (the default), "sum" or "max". */
  readonly mode?: "mean" | "sum" | "max";
}

/**
 * Rows of a table joined in bags: bag b has the rows `weight[index[i]]` for offsets[b] <= i < offsets[b + 1]. An empty bag is zeros.
 *
 * Shapes: `index` [k] and `offsets` [bags] of integers, the first offset 0 and none smaller than the one before, `weight`
 * [count, width], result [bags, width].
 *
 * @throws ShapeError if index or offsets are not vectors, or there is no bag for an index; ArgumentError for another mode;
 * DTypeError if they are not of integers.
 */
export function embeddingBag(index: Tensor, offsets: Tensor, weight: Tensor, { mode = "mean" }: EmbeddingBagOptions = {}): Tensor {
  if (index.rank !== 1 || offsets.rank !== 1 || (offsets.size === 0 && index.size > 0)) {
    throw new ShapeError("shape/embedding-bag", "index and offsets must be vectors, with a bag for every index", {
      subject: "embeddingBag",
      facts: { index: String(index), offsets: String(offsets) },
    });
  }
  if (mode !== "mean" && mode !== "sum" && mode !== "max") {
    throw new ArgumentError("argument/mode", `mode "${String(mode)}" is not known`, {
      subject: "embeddingBag",
      hint: 'use "mean", "sum" or "max"',
    });
  }
  const count = index.size;
  const bags = offsets.size;
  const begun = lessEqual(expand(unsqueeze(asIndex("embeddingBag", offsets), 0), [count, bags]), iota([count, bags], 0));
  const bag = sub(sum(begun, { axis: 1 }), 1);
  const rows = embedding(index, weight);
  if (count === 0 || mode !== "max") {
    const total = addRows(bag, rows, bags);
    return mode === "sum" || count === 0 ? total : div(total, unsqueeze(maximum(sizes(bag, bags), 1), 1));
  }
  const belongs = equal(expand(unsqueeze(bag, 0), [bags, count]), iota([bags, count], 0));
  const largest = max(where(unsqueeze(belongs, 2), unsqueeze(rows, 0), -Infinity), { axis: 1 });
  return where(equal(unsqueeze(sizes(bag, bags), 1), 0), 0, largest);
}

/** How many rows each bag has. */
function sizes(bag: Tensor, bags: number): Tensor {
  const belongs = equal(expand(unsqueeze(bag, 0), [bags, bag.size]), iota([bags, bag.size], 0));
  return sum(cast(belongs, "int32"), { axis: 1 });
}
