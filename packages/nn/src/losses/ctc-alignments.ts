import {
  add,
  arange,
  cast,
  clamp,
  concat,
  equal,
  exp,
  expand,
  full,
  gather,
  greater,
  less,
  lessEqual,
  logAddExp,
  logicalAnd,
  logicalOr,
  logSumExp,
  mul,
  narrow,
  notEqual,
  pad,
  reshape,
  scan,
  scatterAdd,
  select,
  stack,
  sub,
  type Tensor,
  unsqueeze,
  where,
  zeros,
} from "@gradus/tensor";
import type { CtcTarget } from "./ctc.ts";

/** A negative log-probability beyond this stands for no alignment at all: far below what sums of real ones reach. */
export const impossible = 1e29;
const never = -1e30;

export interface Alignments {
  /** Logarithm of the probability of all alignments: [n]. */
  readonly logTotal: Tensor;
  /** Share of the alignments in which a step shows a class: [t, n, classes]. Zero where there is no alignment. */
  shares(this: void): Tensor;
}

/**
 * All alignments of labels with steps, as paths through the labels with blanks between and around them: [n, 2 s + 1] places.
 *
 * A path stays, goes one place on, or leaves out a blank between two different labels. Paths are followed from both ends
 * at once, a sequence beside its mirror image, so that beginnings and ends of paths take one kernel a step together.
 */
export function alignments(scores: Tensor, { labels, inputLengths, labelLengths }: CtcTarget, blank: number): Alignments {
  const [count = 1, n = 1] = scores.shape;
  const shown = withBlanks(labels, blank);
  const places = shown.shape[1] ?? 1;
  const shape = [count, n, places];
  const last = mul(unsqueeze(labelLengths, 1), 2);
  const at = arange(places);
  const emitted = clamp(gather(scores, expand(unsqueeze(shown, 0), shape), { axis: 2 }), { min: never });
  /** Steps and places of each sample in reverse; what lies beyond its lengths reads something, which no path uses. */
  const mirrored = (x: Tensor): Tensor => {
    const step = expand(sub(reshape(sub(inputLengths, 1), [1, n, 1]), reshape(arange(count), [count, 1, 1])), shape);
    return gather(gather(x, step, { axis: 0 }), expand(unsqueeze(sub(last, at), 0), shape), { axis: 2 });
  };
  const shownTwice = concat([shown, gather(shown, expand(sub(last, at), [n, places]), { axis: 1 })]);
  const reached = beginnings(concat([emitted, mirrored(emitted)], { axis: 1 }), {
    leaps: logicalAnd(
      notEqual(shownTwice, blank),
      notEqual(
        shownTwice,
        pad(
          shownTwice,
          [
            [0, 0],
            [2, -2],
          ],
          { value: blank },
        ),
      ),
    ),
    lengths: reshape(expand(inputLengths, [2, n]), [2 * n]),
  });
  const ends = logicalOr(equal(at, last), equal(at, sub(last, 1)));
  const total = logSumExp(where(ends, narrow(reached.last, 0, 0, n), never), { axis: 1, keepDims: true });
  return {
    logTotal: reshape(total, [n]),
    shares() {
      const through = sub(add(narrow(reached.all, 1, 0, n), mirrored(narrow(reached.all, 1, n, n))), emitted);
      const alignable = logicalAnd(lessEqual(at, last), greater(total, -impossible));
      const share = where(alignable, exp(sub(through, total)), 0);
      return scatterAdd(zeros(scores.shape), expand(unsqueeze(shown, 0), shape), share, { axis: 2 });
    },
  };
}

/** For each step, and for the last, the logarithm of the probability of all beginnings of paths that end in a place, that place included. */
function beginnings(
  emitted: Tensor,
  { leaps, lengths }: { readonly leaps: Tensor; readonly lengths: Tensor },
): { readonly all: Tensor; readonly last: Tensor } {
  const [count = 1, , places = 1] = emitted.shape;
  const first = where(less(arange(places), 2), select(emitted, 0, 0), never);
  if (count === 1) return { all: unsqueeze(first, 0), last: first };
  const last = unsqueeze(sub(lengths, 1), 1);
  const { state, ys } = scan(
    (before: Tensor, shown: Tensor, passed) => {
      const here = logAddExp(logAddExp(before, moved(before, 1)), where(leaps, moved(before, 2), never));
      const next = where(greater(last, passed), add(here, shown), before);
      return [next, next];
    },
    first,
    narrow(emitted, 0, 1, count - 1),
  );
  return { all: concat([unsqueeze(first, 0), ys]), last: state };
}

/** Every place's value some places further on. */
function moved(x: Tensor, by: number): Tensor {
  return pad(
    x,
    [
      [0, 0],
      [by, -by],
    ],
    { value: never },
  );
}

/** [n, s] labels as [n, 2 s + 1]: a blank before, between and after them. */
function withBlanks(labels: Tensor, blank: number): Tensor {
  const [n = 1, s = 0] = labels.shape;
  const blanks = full([n, s], blank, { dtype: "int32" });
  return concat([reshape(stack([blanks, cast(labels, "int32")], { axis: 2 }), [n, 2 * s]), full([n, 1], blank, { dtype: "int32" })], {
    axis: 1,
  });
}
