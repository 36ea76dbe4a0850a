import { mul, sum } from "@gradus/tensor";
import { addSums, type Metric } from "./metric.ts";

/** The mean loss over all samples. */
export const meanLoss: Metric<number> = {
  name: "loss",
  init: () => [0, 0],
  update({ loss, weight }) {
    const samples = sum(weight);
    return [mul(loss, samples), samples];
  },
  merge: addSums,
  compute: ([total = 0, samples = 0]) => total / samples,
};
