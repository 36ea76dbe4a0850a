import type { Precision } from "@gradus/train";
import type { OptimizerName } from "./optimizers.ts";

/** What `gradus train` does unless told otherwise; the README's claims are about these. */
export const trainDefaults = {
  model: "lenet5",
  data: "digits",
  epochs: 5,
  batchSize: 64,
  momentum: 0.9,
  optimizer: "sgd",
  seed: 0,
  precision: "f32",
} as const;

/** What `--precision` may be. */
export const precisionNames = ["f32", "f16"] as const satisfies readonly Precision[];

/** Each optimizer's learning rate where `--lr` is not given. */
export const learningRates: Readonly<Record<OptimizerName, number>> = { sgd: 0.05, adam: 0.001, adamw: 0.001 };
