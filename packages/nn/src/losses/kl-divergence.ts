import { div, exp, greater, log, mul, sub, sum, type Tensor, where } from "@gradus/tensor";
import { reduce, type Reduction, requireSameShape } from "./reduction.ts";

export interface KlDivOptions {
  /** Whether the target is given as log-probabilities too; false when left out. */
  readonly logTarget?: boolean;
  /**
   * "mean" when left out, over all elements as in PyTorch; "batchmean" divides the sum by the first axis, which is the
   * divergence as it is defined.
   */
  readonly reduction?: Reduction | "batchmean";
}

/**
 * Kullback-Leibler divergence of a distribution from the target, element by element:
 * target * (log(target) - logProbability). Where the target is 0, it is 0.
 *
 * @throws ShapeError if the shapes differ; nothing is broadcast.
 */
export function klDiv(logProbabilities: Tensor, target: Tensor, { logTarget = false, reduction = "mean" }: KlDivOptions = {}): Tensor {
  requireSameShape("klDiv", logProbabilities, target);
  const losses = logTarget
    ? mul(exp(target), sub(target, logProbabilities))
    : where(greater(target, 0), mul(target, sub(log(where(greater(target, 0), target, 1)), logProbabilities)), 0);
  return reduction === "batchmean" ? div(sum(losses), logProbabilities.shape[0] ?? 1) : reduce(losses, reduction);
}
