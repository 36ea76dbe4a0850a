import { arange, DTypeError, equal, reshape, sameShape, ShapeError, type Tensor, isFloat } from "@gradus/tensor";

/**
 * Refuses labels that do not fit scores [n, classes, ...].
 *
 * @throws ShapeError, DTypeError
 */
export function checkLabels(subject: string, scores: Tensor, labels: Tensor): void {
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

/**
 * True at each label's class, in the shape of the scores: a mask instead of a gather, since it fuses with the work around
 * it and adds no 0 * -Infinity for impossible classes.
 */
export function chosenClasses(labels: Tensor, scores: Tensor): Tensor {
  const [n = 1, classes = 1, ...places] = scores.shape;
  return equal(reshape(labels, [n, 1, ...places]), perClass(arange(classes), scores));
}

/** One value for each class, shaped to broadcast with the scores. */
export function perClass(values: Tensor, scores: Tensor): Tensor {
  return reshape(
    values,
    scores.shape.map((extent, axis) => (axis === 1 ? extent : 1)),
  );
}
