import {
  arange,
  customGrad,
  div,
  DTypeError,
  exp,
  greater,
  maximum,
  mul,
  neg,
  reshape,
  sameShape,
  ShapeError,
  sub,
  type Tensor,
  unsqueeze,
  where,
} from "@gradus/tensor";
import { alignments, impossible } from "./ctc-alignments.ts";
import { reduce, type ReductionOptions } from "./reduction.ts";

export interface CtcTarget {
  /** [n, s] of classes; what lies beyond a sample's length is not looked at. */
  readonly labels: Tensor;
  /** Steps of each sample's scores, at least 1: [n] of integers. */
  readonly inputLengths: Tensor;
  /** Labels of each sample: [n] of integers. */
  readonly labelLengths: Tensor;
}

export interface CtcOptions extends ReductionOptions {
  /** The class that stands for no label; 0 when left out. */
  readonly blank?: number;
  /** Samples that cannot be aligned, having more labels than steps, cost 0 instead of Infinity; false when left out. */
  readonly zeroInfinity?: boolean;
}

/**
 * Connectionist temporal classification: minus the logarithm of the probability of all ways to spread the labels over
 * the steps, with blanks between and every class repeated at will. The mean is of each sample's loss divided by its
 * number of labels. Source: Graves et al., 2006.
 *
 * Shapes: `logProbabilities` [t, n, classes], from `logSoftmax`; the result is a scalar, or [n] with `reduction: "none"`.
 * The gradient is that of the logits before the softmax, probability minus share of the alignments, as in PyTorch.
 * All steps are one scan of one kernel, with the gradient too.
 *
 * @throws ShapeError, DTypeError
 */
export function ctc(
  logProbabilities: Tensor,
  target: CtcTarget,
  { blank = 0, zeroInfinity = false, reduction = "mean" }: CtcOptions = {},
): Tensor {
  checkTarget(logProbabilities, target);
  const { inputLengths, labelLengths } = target;
  const negativeLog = customGrad(
    (scores) => neg(alignments(scores, target, blank).logTotal),
    ({ inputs: [scores], cotangent }) => {
      if (scores === undefined) return [];
      const { shares } = alignments(scores, target, blank);
      const used = greater(inputLengths, reshape(arange(scores.shape[0] ?? 1), [-1, 1]));
      const slope = where(unsqueeze(used, 2), sub(exp(scores), shares()), 0);
      return [mul(slope, unsqueeze(cotangent, 1))];
    },
  );
  const losses = negativeLog(logProbabilities);
  const lost = greater(losses, impossible);
  const bounded = where(lost, zeroInfinity ? 0 : Number.POSITIVE_INFINITY, losses);
  return reduction === "mean" ? reduce(div(bounded, maximum(labelLengths, 1)), "mean") : reduce(bounded, reduction);
}

function checkTarget(scores: Tensor, { labels, inputLengths, labelLengths }: CtcTarget): void {
  const [, n = 0] = scores.shape;
  const facts = {
    logProbabilities: String(scores),
    labels: String(labels),
    inputLengths: String(inputLengths),
    labelLengths: String(labelLengths),
  };
  const fits =
    scores.rank === 3 &&
    labels.rank === 2 &&
    labels.shape[0] === n &&
    [inputLengths, labelLengths].every(({ shape }) => sameShape(shape, [n]));
  if (!fits || scores.shape[0] === 0) {
    throw new ShapeError("shape/ctc", "needs log-probabilities [t, n, classes], labels [n, s] and two lengths [n]", {
      subject: "ctc",
      facts,
    });
  }
  if ([labels, inputLengths, labelLengths].some(({ dtype }) => dtype === "float32")) {
    throw new DTypeError("dtype/labels", "labels and lengths must be integers, not float32", {
      subject: "ctc",
      facts,
      hint: "cast them to int32",
    });
  }
}
