import { type Batch, type Dataset, loader } from "@gradus/data";
import { ArgumentError } from "@gradus/tensor";
import { hostTurn } from "./host-turn.ts";
import type { Scores } from "./metric/metric.ts";
import { Tally } from "./metric/tally.ts";
import type { Settings } from "./trainer.ts";

export interface EvaluateOptions {
  /** The trainer's by default. The scores do not depend on it, save for rounding. */
  readonly batchSize?: number;
  /** Batches to look at; all by default. */
  readonly batches?: number;
  /** Ends the evaluation between two batches by throwing the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Scores a data set in its own order: no random number is drawn. */
export async function evaluate<B extends Batch>(settings: Settings, dataset: Dataset<B>, { batchSize, batches = Infinity, signal }: EvaluateOptions): Promise<Scores> {
  if (dataset.length === 0) throw new ArgumentError("train/empty-set", "the data set is empty", { subject: "evaluate" });
  const { steps, metrics, clock } = settings;
  const tally = new Tally(metrics);
  let turned = clock.now();
  let done = 0;
  for await (const batch of loader(dataset, { batchSize: batchSize ?? settings.batchSize, shuffle: false })) {
    signal?.throwIfAborted();
    tally.add((await steps.evaluate(batch)).sums);
    if (++done >= batches) break;
    if (clock.now() - turned >= 20) {
      await hostTurn();
      turned = clock.now();
    }
  }
  return tally.scores();
}
