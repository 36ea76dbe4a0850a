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
} as const;
