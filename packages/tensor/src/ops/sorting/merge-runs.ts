import { apply } from "../../op/apply.ts";
import { bool, integer } from "../../op/attr.ts";
import { defineLoop } from "../../op/define.ts";
import type { Scalar, ScalarBuilder } from "../../scalar/expression.ts";
import { constantIndex, divIndex, modIndex, offsetIndex, scaleIndex } from "../../scalar/index-expression.ts";
import { sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { clampedIndex } from "../indexing/index-select.ts";

/**
 * One pass of a merge sort along the last axis of `x` [rows, n]: `order` holds positions in it, sorted in runs of `run`,
 * and comes out sorted in runs twice as long. Every place finds its element by itself, by a binary search for how many of
 * the elements before it come from the first of the two runs, so a pass has no order of its own and repeats bit for bit.
 * Source: Odeh et al., Merge Path (2012).
 */
export const mergeRunsOp = defineLoop<Tensor>()({
  name: "mergeRuns",
  inputs: { x: "one", order: "one" },
  attrs: { run: integer, descending: bool },
  access: "index",
  infer: ({ x, order }, { run }, fail) => {
    if (order.dtype !== "int32") fail({ code: "dtype/index", sentence: `an order must be int32, not ${order.dtype}` });
    if (x.shape.length !== 2 || !sameShape(x.shape, order.shape))
      fail({
        code: "shape/merge-runs",
        sentence: `needs rows [rows, n] and an order of the same shape, not [${x.shape.join(", ")}] and [${order.shape.join(", ")}]`,
      });
    if (run < 1) fail({ code: "shape/merge-runs", sentence: `a run has at least one element, not ${run}` });
    return { shape: x.shape, dtype: "int32" };
  },
  body: ({ s, x: { x, order }, attrs: { run, descending }, at }) => {
    const [row = constantIndex(0), place = constantIndex(0)] = at;
    const n = x.shape[1] ?? 1;
    const int = (value: number): Scalar => s.constant("int32", value);
    const start = scaleIndex(divIndex(place, 2 * run), 2 * run);
    const done = s.index(modIndex(place, 2 * run));
    const left = s.call("min", int(run), s.index(offsetIndex(scaleIndex(start, -1), n)));
    const right = s.call("max", int(0), s.call("min", int(run), s.index(offsetIndex(scaleIndex(start, -1), n - run))));
    const positionAt = (offset: Scalar): Scalar => order.at([row, clampedIndex(s, s.call("add", s.index(start), offset), n)]);
    const inLeft = (i: Scalar): Scalar => positionAt(i);
    const inRight = (j: Scalar): Scalar => positionAt(s.call("add", j, int(run)));
    const key = (position: Scalar): Scalar => x.at([row, clampedIndex(s, position, n)]);
    // Of equal elements those of the first run come first, which makes the sort stable.
    const leftFirst = (i: Scalar, j: Scalar): Scalar => s.call("not", precedes(s, key(inRight(j)), key(inLeft(i)), descending));

    let low = s.call("max", int(0), s.call("sub", done, right));
    let high = s.call("min", done, left);
    for (let span = run; span >= 1; span = Math.floor(span / 2)) {
      const middle = s.call("shiftRight", s.call("add", low, high), int(1));
      const taken = leftFirst(middle, s.call("sub", s.call("sub", done, int(1)), middle));
      const open = s.call("less", low, high);
      low = s.call("select", s.call("and", open, taken), s.call("add", middle, int(1)), low);
      high = s.call("select", taken, high, middle);
    }
    const other = s.call("sub", done, low);
    const noneRight = s.call("lessEqual", right, other);
    const fromLeft = s.call("and", s.call("less", low, left), s.call("or", noneRight, leftFirst(low, other)));
    return s.call("select", fromLeft, inLeft(low), inRight(other));
  },
  vjp: () => ({ x: null, order: null }),
});

/** @internal */
export function mergeRuns(x: Tensor, order: Tensor, run: number, descending: boolean): Tensor {
  return apply(mergeRunsOp, { x, order }, { run, descending });
}

/** Whether `a` comes strictly before `b`; a NaN is larger than everything. */
function precedes(s: ScalarBuilder, a: Scalar, b: Scalar, descending: boolean): Scalar {
  const [small, large] = descending ? [b, a] : [a, b];
  const less = s.call("less", small, large);
  if (a.dtype !== "float32") return less;
  return s.call("or", less, s.call("and", s.call("notEqual", large, large), s.call("equal", small, small)));
}
