import type { Tensor } from "@gradus/tensor";

/** What a metric makes: a number, a list or a table. */
export type MetricValue = number | readonly number[] | readonly (readonly number[])[];

/** A batch after the model has answered it, as tensors in the graph. */
export interface Scored {
  /** What the model made, first axis over the samples. */
  readonly output: Tensor;
  /** The batch's arrays by name. */
  readonly batch: Readonly<Record<string, Tensor>>;
  /** float32 [b]: 1 for each sample, 0 for a repeat that fills up the last batch. */
  readonly weight: Tensor;
  /** The batch's mean loss, a scalar. */
  readonly loss: Tensor;
}

/**
 * A monoid over samples: a batch's sums are computed on the device, added up on the host in float64, and divided only at the end,
 * so that a metric over an epoch does not depend on the batch size.
 *
 * `merge` must be associative with `init()` as its unit. There is no way to average a ratio over batches.
 */
export interface Metric<V extends MetricValue = MetricValue> {
  /** Letters and digits, beginning with a letter: the key of its value in `Scores`. */
  readonly name: string;
  /** The sums over no samples. */
  init(): readonly number[];
  /** A batch's sums: float32 tensors that hold, one after another, as many numbers as `init()`. Counts are exact up to 2^24 a batch. */
  update(scored: Scored): readonly Tensor[];
  merge(a: readonly number[], b: ArrayLike<number>): readonly number[];
  compute(sums: readonly number[]): V;
}

/** A set's values by metric name. `loss` is always among them. */
export type Scores = { readonly loss: number } & { readonly [name: string]: MetricValue };

/** Element by element: the `merge` of every metric made of sums. */
export function addSums(a: readonly number[], b: ArrayLike<number>): readonly number[] {
  return a.map((value, i) => value + (b[i] ?? 0));
}
