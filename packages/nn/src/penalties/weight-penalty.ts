import { abs, add, ArgumentError, mul, type Parameterised, square, sum, type Tensor, zeros } from "@gradus/tensor";

export interface WeightPenaltyOptions {
  /** Factor of the sum. */
  readonly strength: number;
  /** Which parameters count, by path; those that end with `weight` when left out. */
  readonly match?: RegExp;
}

/**
 * Lasso: strength * Σ |w| over a model's weights, to be added to a loss; draws weights to exactly 0. Source: Tibshirani, 1996.
 *
 * Example: `add(crossEntropy(logits, labels), l1Penalty(model, { strength: 1e-5 }))`.
 *
 * @throws ArgumentError if no parameter matches.
 */
export function l1Penalty(model: Parameterised, options: WeightPenaltyOptions): Tensor {
  return penalty("l1Penalty", model, options, (weight) => sum(abs(weight)));
}

/**
 * Ridge: strength / 2 * Σ w^2 over a model's weights, to be added to a loss. Its gradient is strength * w, that of an
 * optimizer's `weightDecay: strength`, which costs less; as a loss term it shows in the loss.
 *
 * @throws ArgumentError if no parameter matches.
 */
export function l2Penalty(model: Parameterised, options: WeightPenaltyOptions): Tensor {
  return mul(
    penalty("l2Penalty", model, options, (weight) => sum(square(weight))),
    0.5,
  );
}

function penalty(
  subject: string,
  model: Parameterised,
  { strength, match = /(^|\.)weight$/ }: WeightPenaltyOptions,
  measure: (weight: Tensor) => Tensor,
): Tensor {
  const parameters = [...model.parameters()];
  const chosen = parameters.filter(([path]) => match.test(path));
  if (chosen.length === 0) {
    throw new ArgumentError("argument/no-parameters", `no parameter's path matches ${String(match)}`, {
      subject,
      facts: { parameters: parameters.map(([path]) => path).join(", ") },
    });
  }
  return mul(
    chosen.reduce((total, [, weight]) => add(total, measure(weight)), zeros([])),
    strength,
  );
}
