import type { Precision } from "@gradus/train";

/** What `gradus train` does unless told otherwise; the README's claims are about these. */
export const trainDefaults = {
  model: "lenet5",
  data: "digits",
  epochs: 5,
  batchSize: 64,
  momentum: 0.9,
  optimizer: "sgd",
  schedule: "constant",
  warmup: 0,
  seed: 0,
  precision: "f32",
} as const;

/** What `--precision` may be. */
export const precisionNames = ["f32", "f16"] as const satisfies readonly Precision[];
