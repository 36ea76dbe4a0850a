import { ArgumentError, cast, equal, less, lessEqual, logicalAnd, logicalNot, logicalOr, mul, reshape, sum, type Tensor, where } from "@gradus/tensor";
import { classes, classesOf } from "./classes.ts";
import { addSums, type Metric, type Scored } from "./metric.ts";

/** The part of samples whose label is among the `k` highest of the outputs [b, classes]; of equal outputs the first class is the higher. */
export function topK(k: number, name = `top${k}`): Metric<number> {
  if (!Number.isSafeInteger(k) || k < 1) throw new ArgumentError("metric/k", `k must be a whole number of at least 1, not ${k}`, { subject: "topK" });
  return {
    name,
    init: () => [0, 0],
    update(scored) {
      const { count } = classesOf(name, scored);
      const right = cast(less(rankOfLabel(name, scored), Math.min(k, count)), "float32");
      return [sum(mul(right, scored.weight)), sum(scored.weight)];
    },
    merge: addSums,
    compute: ([right = 0, samples = 0]) => right / samples,
  };
}

/** The part of samples whose label is the class of the highest output. */
export const accuracy: Metric<number> = topK(1, "accuracy");

/** The part of samples whose label is among the five highest outputs. */
export const top5: Metric<number> = topK(5);

/** How many classes stand before the label's: float32 [b]. A sample whose output is NaN stands behind every class. */
function rankOfLabel(metric: string, scored: Scored): Tensor {
  const { output, label, count } = classesOf(metric, scored);
  const index = classes(count);
  const column = reshape(label, [-1, 1]);
  const own = sum(where(equal(index, column), output, 0), { axis: 1, keepDims: true });
  // "Not less or equal" also counts NaN, where "greater" would call a sample of nothing but NaN right.
  const higher = logicalNot(lessEqual(output, own));
  const before = logicalAnd(equal(output, own), less(index, column));
  return sum(cast(logicalOr(higher, before), "float32"), { axis: 1 });
}
