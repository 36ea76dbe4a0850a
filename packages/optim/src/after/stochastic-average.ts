import { add, div, equal, less, remainder, sub, where } from "@gradus/tensor";
import { count } from "../check.ts";
import type { AfterUpdate } from "./after-update.ts";

export interface StochasticAverageOptions {
  /** The first step, counted from 1, whose result is averaged. */
  readonly start: number;
  /** Steps from one averaged result to the next; 1 when left out. */
  readonly every?: number;
}

/**
 * Stochastic weight averaging: the plain mean of the parameters after the steps start, start + every, start + 2 every, ...
 * Until the first of them the average is the parameter itself.
 *
 * It changes no training; `averagedWeights` gives the average to evaluate with. Source: Izmailov et al., Averaging Weights
 * Leads to Wider Optima and Better Generalization, 2018, algorithm 1.
 *
 * Example: `sgd({ learningRate: 0.05, after: [stochasticAverage({ start: 3000, every: 200 })] })`.
 *
 * @throws ArgumentError for options that are not whole numbers of at least 1.
 */
export function stochasticAverage({ start, every = 1 }: StochasticAverageOptions): AfterUpdate<"average"> {
  count("stochasticAverage", "start", start);
  count("stochasticAverage", "every", every);
  return {
    name: "stochasticAverage",
    slots: ["average"],
    follow({ param, slots, step }) {
      const since = sub(step, start);
      const number = add(div(since, every), 1);
      const mean = add(slots.average, div(sub(param, slots.average), number));
      const kept = where(equal(remainder(since, every), 0), mean, slots.average);
      return { param, slots: { average: where(less(step, start), param, kept) } };
    },
  };
}
