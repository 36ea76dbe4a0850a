import {
  add,
  arange,
  ArgumentError,
  div,
  DTypeError,
  equal,
  greaterEqual,
  isFloat,
  less,
  logicalAnd,
  logicalNot,
  logicalOr,
  logSoftmax,
  mul,
  neg,
  reshape,
  sameShape,
  ShapeError,
  sum,
  type Tensor,
  where,
} from "@gradus/tensor";
import type { ReductionOptions } from "./reduction.ts";

export interface NllOptions extends ReductionOptions {
  /** A factor for each class: [classes]. The mean is then divided by the sum of the labels' weights. */
  readonly weight?: Tensor;
  /** Samples with this label count for nothing; -100 when left out. */
  readonly ignoreIndex?: number;
}

export interface CrossEntropyOptions extends NllOptions {
  /** Share of the target spread evenly over all classes, 0 .. 1; 0 when left out. Source: Szegedy et al., 2016. */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy between labels and the softmax of logits: -log(softmax(logits)[label]), as PyTorch has it.
 *
 * Shapes: `logits` [n, classes, ...], `labels` [n, ...] of integers; the result is a scalar, or [n, ...] with
 * `reduction: "none"`. A mean over no sample (all ignored) is NaN. A label that is neither a class nor `ignoreIndex`
 * makes its loss NaN: labels are not known while the graph is recorded, so they cannot be refused.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function crossEntropy(logits: Tensor, labels: Tensor, { labelSmoothing = 0, ...options }: CrossEntropyOptions = {}): Tensor {
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError("argument/label-smoothing", `labelSmoothing must lie in 0 .. 1, and is ${labelSmoothing}`, {
      subject: "crossEntropy",
    });
  }
  checkLabels("crossEntropy", logits, labels);
  return classify(logSoftmax(logits, { axis: 1 }), labels, labelSmoothing, options);
}

/**
 * Negative log-likelihood of labels under log-probabilities [n, classes, ...]: `crossEntropy` without its softmax.
 *
 * @throws ShapeError, DTypeError
 */
export function nll(logProbabilities: Tensor, labels: Tensor, options: NllOptions = {}): Tensor {
  checkLabels("nll", logProbabilities, labels);
  return classify(logProbabilities, labels, 0, options);
}

function classify(
  logProbabilities: Tensor,
  labels: Tensor,
  smoothing: number,
  { weight, ignoreIndex = -100, reduction = "mean" }: NllOptions,
): Tensor {
  const classes = logProbabilities.shape[1] ?? 1;
  const perClass = [1, classes, ...logProbabilities.shape.slice(2).map(() => 1)];
  const [n = 1, ...places] = labels.shape;
  // A mask instead of a gather: it fuses with the softmax around it, and adds no 0 * -Infinity for impossible classes.
  const chosen = equal(reshape(labels, [n, 1, ...places]), reshape(arange(classes), perClass));
  const weights = weight === undefined ? null : reshape(weight, perClass);
  const counted = countedLabels(labels, classes, ignoreIndex);
  const weighted = weights === null ? logProbabilities : mul(logProbabilities, weights);
  const own = sum(where(chosen, weighted, 0), { axis: 1 });
  const blended = smoothing === 0 ? own : add(mul(own, 1 - smoothing), mul(sum(weighted, { axis: 1 }), smoothing / classes));
  const losses = where(counted.known, where(counted.kept, neg(blended), 0), Number.NaN);
  if (reduction === "none") return losses;
  const total = sum(losses);
  if (reduction === "sum") return total;
  const share = where(counted.kept, weights === null ? 1 : sum(where(chosen, weights, 0), { axis: 1 }), 0);
  return div(total, sum(share));
}

/** Which labels count (`kept`), and which mean something at all (`known`). */
function countedLabels(labels: Tensor, classes: number, ignoreIndex: number): { readonly kept: Tensor; readonly known: Tensor } {
  const ignored = equal(labels, ignoreIndex);
  const inRange = logicalAnd(greaterEqual(labels, 0), less(labels, classes));
  return { kept: logicalAnd(inRange, logicalNot(ignored)), known: logicalOr(inRange, ignored) };
}

function checkLabels(subject: string, scores: Tensor, labels: Tensor): void {
  const facts = { scores: String(scores), labels: String(labels) };
  if (isFloat(labels.dtype)) {
    throw new DTypeError("dtype/labels", `labels must be integers, not ${labels.dtype}`, { subject, facts, hint: "cast them to int32" });
  }
  const expected = [...scores.shape.slice(0, 1), ...scores.shape.slice(2)];
  if (scores.rank >= 2 && sameShape(labels.shape, expected)) return;
  throw new ShapeError(
    "shape/loss-labels",
    `scores [n, classes, ...] need labels [n, ...], not [${scores.shape.join(", ")}] and [${labels.shape.join(", ")}]`,
    {
      subject,
      facts,
      ...(scores.rank >= 2 ? { hint: `labels here have the shape [${expected.join(", ")}]` } : {}),
    },
  );
}
