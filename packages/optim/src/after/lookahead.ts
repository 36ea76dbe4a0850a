import { add, equal, mul, remainder, sub, where } from "@gradus/tensor";
import { count, unit } from "../check.ts";
import type { AfterUpdate } from "./after-update.ts";

export interface LookaheadOptions {
  /** Steps the fast weights take alone; 5 when left out. */
  readonly every?: number;
  /** How far the slow weights go towards the fast ones; 0.5 when left out. */
  readonly alpha?: number;
}

/**
 * Lookahead: every k steps the slow weights s follow, s += alpha * (p - s), and the parameter goes on from there, p = s.
 *
 * The slow weights begin as the first step's. Source: Zhang et al., Lookahead Optimizer, 2019, algorithm 1.
 *
 * Example: `adam({ after: [lookahead({ every: 6 })] })`.
 *
 * @throws ArgumentError for options out of range.
 */
export function lookahead({ every = 5, alpha = 0.5 }: LookaheadOptions = {}): AfterUpdate<"slow"> {
  count("lookahead", "every", every);
  unit("lookahead", "alpha", alpha);
  return {
    name: "lookahead",
    slots: ["slow"],
    follow({ before, param, slots, step }) {
      const start = where(equal(step, 1), before, slots.slow);
      const due = equal(remainder(step, every), 0);
      const slow = where(due, add(start, mul(sub(param, start), alpha)), start);
      return { param: where(due, slow, param), slots: { slow } };
    },
  };
}
