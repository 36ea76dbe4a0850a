import { ArgumentError, ShapeError } from "../../errors.ts";
import { sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { div, mul, sub } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { greater, less, lessEqual, notEqual } from "../pointwise/comparison.ts";
import { maximum } from "../pointwise/extremes.ts";
import { logicalAnd, logicalNot } from "../pointwise/logic.ts";
import { where } from "../pointwise/where.ts";
import { max } from "../reduce/extremes.ts";
import { sum } from "../reduce/sum.ts";
import { arange } from "../source/creation.ts";
import { full, zeros } from "../source/full.ts";
import { concat } from "../view/concat.ts";
import { unsqueeze } from "../view/squeeze.ts";
import { narrow } from "../view/slice.ts";
import { asIndex, embedding } from "./index-select.ts";
import { addRows } from "./scatter-add.ts";

export interface EmbeddingBagOptions {
  /** How the rows of a bag become one; "mean" when left out. */
  readonly mode?: "sum" | "mean" | "max";
  /** Where each bag begins in a flat index, [bags], ascending from 0; bag b ends where the next begins. Not for an index of two axes. */
  readonly offsets?: Tensor;
  /** A factor for each row, in the shape of the index; only for "sum". */
  readonly perSampleWeights?: Tensor;
  /** An index that counts for nothing. */
  readonly paddingIdx?: number;
}

/**
 * Bags of rows of a table, each reduced to one row: `embedding` and then sum, mean or max over a bag. An empty bag gives zeros.
 *
 * Shapes: `index` [bags, size] with bags of equal size, or [n] with `offsets` [bags]; `weight` [count, width]; result [bags, width].
 *
 * Example: `embeddingBag(words, table, { offsets, mode: "sum" })`.
 *
 * @throws ShapeError if index, offsets and weights do not fit; ArgumentError for weights in another mode than "sum";
 * DTypeError if the index is not of integers.
 */
export function embeddingBag(index: Tensor, weight: Tensor, { mode = "mean", ...options }: EmbeddingBagOptions = {}): Tensor {
  const { offsets, perSampleWeights, paddingIdx } = options;
  checkBags(index, mode, options);
  const rows = embedding(index, weight);
  const weighted = perSampleWeights === undefined ? rows : mul(rows, unsqueeze(perSampleWeights, -1));
  const counted = paddingIdx === undefined ? full(index.shape, 1, { dtype: "bool" }) : notEqual(index, paddingIdx);
  return offsets === undefined ? equalBags(weighted, counted, mode) : bagsAt(asIndex("embeddingBag", offsets), weighted, counted, mode);
}

type Mode = NonNullable<EmbeddingBagOptions["mode"]>;

/** Bags along the second axis: `rows` [bags, size, width], `counted` [bags, size]. */
function equalBags(rows: Tensor, counted: Tensor, mode: Mode): Tensor {
  const kept = unsqueeze(counted, -1);
  if (mode === "max") return largest(rows, kept, 1);
  const total = sum(where(kept, rows, 0), { axis: 1 });
  return mode === "sum" ? total : div(total, atLeastOne(sum(counted, { axis: 1, keepDims: true })));
}

/** Bags that begin at offsets: `rows` [n, width], `counted` [n]. */
function bagsAt(offsets: Tensor, rows: Tensor, counted: Tensor, mode: Mode): Tensor {
  const [count = 0, width = 0] = rows.shape;
  const bags = offsets.size;
  if (count === 0 || bags === 0) return zeros([bags, width]);
  const starts = unsqueeze(offsets, 1);
  const ends = concat([narrow(starts, 0, 1, bags - 1), full([1, 1], count, { dtype: "int32" })]);
  const place = unsqueeze(arange(count), 0);
  const inside = logicalAnd(lessEqual(starts, place), logicalAnd(less(place, ends), unsqueeze(counted, 0)));
  if (mode === "max") return largest(unsqueeze(rows, 0), unsqueeze(inside, -1), 1);
  // The bag of a place: so many begin at it or before it, less one.
  const bag = sub(sum(lessEqual(starts, place), { axis: 0 }), 1);
  const total = addRows(bag, where(unsqueeze(counted, -1), rows, 0), bags);
  return mode === "sum" ? total : div(total, atLeastOne(sum(inside, { axis: 1, keepDims: true })));
}

/** The largest of what counts along an axis, 0 where nothing does. */
function largest(rows: Tensor, counted: Tensor, axis: number): Tensor {
  if (rows.shape[axis] === 0) return zeros(rows.shape.toSpliced(axis, 1));
  const some = greater(sum(counted, { axis }), 0);
  return where(some, max(where(counted, rows, where(unsqueeze(logicalNot(some), axis), 0, -Infinity)), { axis }), 0);
}

function atLeastOne(count: Tensor): Tensor {
  return cast(maximum(count, 1), "float32");
}

function checkBags(index: Tensor, mode: Mode, { offsets, perSampleWeights }: EmbeddingBagOptions): void {
  const facts = {
    index: String(index),
    ...(offsets === undefined ? {} : { offsets: String(offsets) }),
    ...(perSampleWeights === undefined ? {} : { perSampleWeights: String(perSampleWeights) }),
  };
  const fits = offsets === undefined ? index.rank === 2 : index.rank === 1 && offsets.rank === 1;
  if (!fits) {
    throw new ShapeError("shape/embedding-bag", "takes an index [bags, size], or a flat one with the offset of each bag", {
      subject: "embeddingBag",
      facts,
    });
  }
  if (perSampleWeights === undefined) return;
  if (mode !== "sum") {
    throw new ArgumentError("argument/bag-weights", `weights are for the mode "sum", not "${mode}"`, { subject: "embeddingBag" });
  }
  if (!sameShape(perSampleWeights.shape, index.shape)) {
    throw new ShapeError("shape/embedding-bag", "needs one weight for each index", { subject: "embeddingBag", facts });
  }
}
