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
  less,
  log,
  logicalAnd,
  logicalOr,
  logSumExp,
  maximum,
  mul,
  notEqual,
  pad,
  reshape,
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
  /** 0, 1, ... t - 1, shaped [t, 1]. */
  readonly steps: Tensor;
  /** Logarithm of the probability of all alignments: [n]. */
  logTotal(): Tensor;
  /** Share of the alignments in which a step shows a class: [t, n, classes]. Zero where there is no alignment. */
  shares(): Tensor;
}

/**
 * All alignments of labels with steps, as paths through the labels with blanks between and around them: [n, 2 s + 1] places.
 * A path stays, goes one place on, or leaves out a blank between two different labels.
 */
export function alignments(scores: Tensor, { labels, inputLengths, labelLengths }: CtcTarget, blank: number): Alignments {
  const [count = 1, n = 1] = scores.shape;
  const places = 2 * (labels.shape[1] ?? 0) + 1;
  const shown = withBlanks(labels, blank);
  const emitted = clamp(gather(scores, expand(unsqueeze(shown, 0), [count, n, places]), { axis: 2 }), { min: never });
  const at = arange(places);
  const last = mul(unsqueeze(labelLengths, 1), 2);
  const ends = logicalOr(equal(at, last), equal(at, sub(last, 1)));
  const leaps = logicalAnd(
    notEqual(shown, blank),
    notEqual(
      shown,
      pad(
        shown,
        [
          [0, 0],
          [2, -2],
        ],
        { value: blank },
      ),
    ),
  );
  const leapsBack = pad(cast(leaps, "int32"), [
    [0, 0],
    [-2, 2],
  ]);

  /** For each step, the logarithm of the probability of all beginnings of paths that end in a place, that place included. */
  const beginnings = (): Tensor[] => {
    const reached = [where(less(at, 2), select(emitted, 0, 0), never)];
    for (let t = 1; t < count; t++) {
      const before = reached[t - 1] ?? emitted;
      const [from, leapt] = [shift(before, 1), where(leaps, shift(before, 2), never)];
      const here = add(anyOf(before, from, leapt), select(emitted, 0, t));
      reached.push(where(less(t, unsqueeze(inputLengths, 1)), here, before));
    }
    return reached;
  };
  /** The same for all ends of paths, their own place left out. */
  const endings = (): Tensor[] => {
    const left = [where(ends, zeros([n, places]), never)];
    for (let t = count - 2; t >= 0; t--) {
      const after = add(left[0] ?? emitted, select(emitted, 0, t + 1));
      const [to, leapt] = [shift(after, -1), where(leapsBack, shift(after, -2), never)];
      left.unshift(where(less(t + 1, unsqueeze(inputLengths, 1)), anyOf(after, to, leapt), left[0] ?? emitted));
    }
    return left;
  };
  const total = (through: Tensor): Tensor => logSumExp(where(ends, through, never), { axis: 1, keepDims: true });
  return {
    steps: reshape(arange(count), [count, 1]),
    logTotal: () => reshape(total(beginnings().at(-1) ?? emitted), [n]),
    shares: () => {
      const paths = beginnings();
      const all = total(paths.at(-1) ?? emitted);
      const share = where(less(all, -impossible), 0, exp(sub(add(stack(paths), stack(endings())), all)));
      return scatterAdd(zeros(scores.shape), expand(unsqueeze(shown, 0), share.shape), share, { axis: 2 });
    },
  };
}

/** [n, s] labels as [n, 2 s + 1]: a blank before, between and after them. */
function withBlanks(labels: Tensor, blank: number): Tensor {
  const [n = 1, s = 0] = labels.shape;
  const blanks = full([n, s], blank, { dtype: "int32" });
  return concat([reshape(stack([blanks, cast(labels, "int32")], { axis: 2 }), [n, 2 * s]), full([n, 1], blank, { dtype: "int32" })], {
    axis: 1,
  });
}

/** Every place's value moved on by `by` places. */
function shift(x: Tensor, by: number): Tensor {
  return pad(
    x,
    [
      [0, 0],
      [by, -by],
    ],
    { value: never },
  );
}

/** log(exp(a) + exp(b) + exp(c)). */
function anyOf(a: Tensor, b: Tensor, c: Tensor): Tensor {
  const largest = maximum(maximum(a, b), c);
  return add(largest, log(add(add(exp(sub(a, largest)), exp(sub(b, largest))), exp(sub(c, largest)))));
}
