import { ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { add, sub } from "../pointwise/arithmetic.ts";
import { cast } from "../pointwise/cast.ts";
import { greater, notEqual } from "../pointwise/comparison.ts";
import { clamp } from "../pointwise/extremes.ts";
import { where } from "../pointwise/where.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { argsort } from "../sorting/sort.ts";
import { broadcastTo } from "../view/expand.ts";
import { padWith } from "../view/pad.ts";
import { gather } from "./gather.ts";
import { asIndex, type IndexAxisOptions } from "./index-select.ts";
import { scatterAlong } from "./scatter-add.ts";

/**
 * `x` with elements of `src` put in the places that `index` names along an axis: for axis 1,
 * result[i][index[i][j]][k] = src[i][j][k]. Where places repeat, the last one stays. An index outside the axis counts as the
 * nearest one inside.
 *
 * Shapes: `index` and `src` agree, and are no larger than `x` along the other axes. A number as `src` goes everywhere.
 *
 * @throws ShapeError if the shapes do not fit; DTypeError if the index is not of integers.
 */
export function scatter(x: Tensor, index: Tensor, src: Tensor | number, { axis = 0 }: IndexAxisOptions = {}): Tensor {
  const along = resolveAxis("scatter", x, axis);
  const places = asIndex("scatter", index);
  if (
    index.rank !== x.rank ||
    (typeof src !== "number" && src.shape.join() !== index.shape.join()) ||
    index.shape.some((extent, i) => i !== along && extent > (x.shape[i] ?? 0)) ||
    (x.shape[along] === 0 && index.size > 0)
  ) {
    throw new ShapeError("shape/scatter", "index and source must have one shape, within the target's along the other axes", {
      subject: "scatter",
      facts: { x: String(x), index: String(index), src: String(src), axis: along },
    });
  }
  if (index.size === 0) return x;
  const inside = clamp(places, { min: 0, max: (x.shape[along] ?? 1) - 1 });
  const winner = lastAt(inside, x, along);
  const taken = greater(winner, 0);
  if (typeof src === "number") return where(taken, src, x);
  const from = gather(withinOthers(src, x, along), clamp(sub(winner, 1), { min: 0 }), { axis: along });
  return where(taken, cast(from, x.dtype), x);
}

/**
 * For every place of `x`, one more than the last position of `index` that names it, or 0 if none does.
 *
 * Sorted by the places they name, positions that name one place are neighbours, the last of them last; only that one is
 * written, so what adds up is one number a place, exact in float32 below 2^24.
 */
function lastAt(index: Tensor, x: Tensor, axis: number): Tensor {
  const order = argsort(index, { axis });
  const sorted = gather(index, order, { axis });
  const only = (value: number): number[] => index.shape.map((_, i) => (i === axis ? value : 0));
  const next = padWith(sorted, { before: only(-1), after: only(1), between: only(0), value: -1 });
  const last = notEqual(sorted, next);
  const position = where(last, add(order, 1), 0);
  return cast(scatterAlong(sorted, cast(position, "float32"), x.shape, axis), "int32");
}

/** Grown with zeros to the target's size along the other axes, as `gather` wants it. */
function withinOthers(src: Tensor, x: Tensor, axis: number): Tensor {
  return padWith(src, {
    before: x.shape.map(() => 0),
    after: x.shape.map((extent, i) => (i === axis ? 0 : extent - (src.shape[i] ?? 0))),
    between: x.shape.map(() => 0),
    value: 0,
  });
}

/**
 * `x` with `value` where the mask holds (is not zero); the mask broadcasts to `x`.
 *
 * @throws ShapeError if the mask does not broadcast to the shape of `x`.
 */
export function maskedFill(x: Tensor, mask: Tensor, value: number): Tensor {
  return where(broadcastTo(mask, x.shape), value, x);
}
