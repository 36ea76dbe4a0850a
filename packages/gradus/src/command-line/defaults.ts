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
} as const;

/** Each optimizer's learning rate where `--lr` is not given. */
export const learningRates: Readonly<Record<OptimizerName, number>> = { sgd: 0.05, adam: 0.001, adamw: 0.001 };
