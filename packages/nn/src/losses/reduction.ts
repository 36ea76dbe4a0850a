import { mean, ShapeError, sameShape, sum, type Tensor } from "@gradus/tensor";

/** How the losses of single elements become one: their mean (the default), their sum, or not at all. */
export type Reduction = "mean" | "sum" | "none";

export interface ReductionOptions {
  /** "mean" when left out. */
  readonly reduction?: Reduction;
}

/** Joins losses of single elements. */
export function reduce(losses: Tensor, reduction: Reduction): Tensor {
  switch (reduction) {
    case "mean":
      return mean(losses);
    case "sum":
      return sum(losses);
    case "none":
      return losses;
  }
  reduction satisfies never;
}

/** Refuses targets that would be broadcast: [n] beside [n, 1] would silently make n * n losses. */
export function requireSameShape(subject: string, prediction: Tensor, target: Tensor): void {
  if (sameShape(prediction.shape, target.shape)) return;
  throw new ShapeError(
    "shape/loss-target",
    `prediction and target have different shapes ([${prediction.shape.join(", ")}] and [${target.shape.join(", ")}])`,
    {
      subject,
      facts: { prediction: String(prediction), target: String(target) },
      hint: "reshape one of them",
    },
  );
}
