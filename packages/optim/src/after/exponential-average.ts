import { add, div, equal, minimum, mul, sub, where } from "@gradus/tensor";
import { share } from "../check.ts";
import type { AfterUpdate } from "./after-update.ts";

export interface ExponentialAverageOptions {
  /** How much of the average stays at each step; 0.999 when left out. */
  readonly decay?: number;
  /** Forgets faster at first, with min(decay, (1 + t) / (10 + t)) at step t; false when left out. */
  readonly warmup?: boolean;
}

/**
 * Keeps a moving average of every parameter, a = decay * a + (1 - decay) * p, that begins as the first step's result.
 *
 * It changes no training; `averagedWeights` gives the average to evaluate with. Source: Polyak and Juditsky, 1992, for
 * averaging; the moving form as PyTorch's `AveragedModel` computes it with `avg_fn`.
 *
 * Example: `adam({ after: [exponentialAverage({ decay: 0.9999 })] })`.
 *
 * @throws ArgumentError unless the decay lies in 0 .. 1, 1 excluded.
 */
export function exponentialAverage({ decay = 0.999, warmup = false }: ExponentialAverageOptions = {}): AfterUpdate<"average"> {
  share("exponentialAverage", "decay", decay);
  return {
    name: "exponentialAverage",
    slots: ["average"],
    follow({ param, slots, step }) {
      // 1 - min(decay, (1 + t) / (10 + t)), in the form that loses no digits.
      const change = warmup ? sub(1, minimum(div(add(step, 1), add(step, 10)), decay)) : 1 - decay;
      const moved = add(slots.average, mul(sub(param, slots.average), change));
      return { param, slots: { average: where(equal(step, 1), param, moved) } };
    },
  };
}
