import {
  add,
  ArgumentError,
  div,
  equal,
  greaterEqual,
  less,
  logicalAnd,
  logicalNot,
  logicalOr,
  logSoftmax,
  mul,
  neg,
  sameShape,
  sum,
  type Tensor,
  where,
} from "@gradus/tensor";
import { checkLabels, chosenClasses, perClass } from "./labels.ts";
import { reduce, type ReductionOptions } from "./reduction.ts";

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
 * Cross-entropy between a target and the softmax of logits, as PyTorch has it: -log(softmax(logits)[label]) for labels,
 * -Σ target_c * log(softmax(logits)_c) for probabilities.
 *
 * Shapes: `logits` [n, classes, ...], `target` [n, ...] of integers, or float32 in the shape of the logits; the result
 * is a scalar, or [n, ...] with `reduction: "none"`. A mean over no sample (all ignored) is NaN. A label that is neither
 * a class nor `ignoreIndex` makes its loss NaN: labels are not known while the graph is recorded, so they cannot be
 * refused. With probabilities the mean is over samples, whatever the weights, and `ignoreIndex` has no meaning.
 *
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function crossEntropy(logits: Tensor, target: Tensor, { labelSmoothing = 0, ...options }: CrossEntropyOptions = {}): Tensor {
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError("argument/label-smoothing", `labelSmoothing must lie in 0 .. 1, and is ${labelSmoothing}`, {
      subject: "crossEntropy",
    });
  }
  if (target.dtype === "float32" && logits.rank >= 2 && sameShape(target.shape, logits.shape)) {
    return divergeFrom(target, logSoftmax(logits, { axis: 1 }), labelSmoothing, options);
  }
  checkLabels("crossEntropy", logits, target);
  return classify(logSoftmax(logits, { axis: 1 }), target, labelSmoothing, options);
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
  const chosen = chosenClasses(labels, logProbabilities);
  const weights = weight === undefined ? null : perClass(weight, logProbabilities);
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

function divergeFrom(
  target: Tensor,
  logProbabilities: Tensor,
  smoothing: number,
  { weight, reduction = "mean" }: Pick<NllOptions, "weight" | "reduction">,
): Tensor {
  const classes = logProbabilities.shape[1] ?? 1;
  const smooth = smoothing === 0 ? target : add(mul(target, 1 - smoothing), smoothing / classes);
  const shares = weight === undefined ? smooth : mul(smooth, perClass(weight, logProbabilities));
  const losses = neg(sum(where(equal(shares, 0), 0, mul(shares, logProbabilities)), { axis: 1 }));
  return reduce(losses, reduction);
}

/** Which labels count (`kept`), and which mean something at all (`known`). */
function countedLabels(labels: Tensor, classes: number, ignoreIndex: number): { readonly kept: Tensor; readonly known: Tensor } {
  const ignored = equal(labels, ignoreIndex);
  const inRange = logicalAnd(greaterEqual(labels, 0), less(labels, classes));
  return { kept: logicalAnd(inRange, logicalNot(ignored)), known: logicalOr(inRange, ignored) };
}
