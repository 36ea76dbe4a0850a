import { arange, ArgumentError, reshape, type Tensor } from "@gradus/tensor";
import type { Scored } from "./metric.ts";

export interface Classified {
  /** float32 [b, classes]. */
  readonly output: Tensor;
  /** int32 [b]. */
  readonly label: Tensor;
  readonly count: number;
}

/** The outputs and labels of a classifier's batch. Throws an `ArgumentError` that names the metric where there are none. */
export function classesOf(metric: string, { output, batch }: Scored): Classified {
  const { label } = batch;
  const [samples, count] = output.shape;
  if (label === undefined || label.rank !== 1 || output.rank !== 2 || count === undefined || label.shape[0] !== samples) {
    throw new ArgumentError("metric/not-classes", `${metric} needs outputs [b, classes] and batches with a label [b]`, {
      subject: metric,
      facts: { output: String(output), label: label === undefined ? "none" : String(label) },
      hint: "give the trainer metrics that suit the model, or none",
    });
  }
  return { output, label, count };
}

/** The classes' numbers, int32 [1, count]. */
export function classes(count: number): Tensor {
  return reshape(arange(count), [1, count]);
}
