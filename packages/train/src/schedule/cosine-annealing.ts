import { fraction, type Span } from "../duration.ts";
import { lengthOf, notNegative, positive, refused, type Schedule } from "./schedule.ts";

export interface CosineAnnealingOptions {
  /** The lowest rate; 0 when left out. */
  readonly min?: number;
  /** When the lowest rate is reached; at the end of the run when left out. */
  readonly over?: Span;
}

/**
 * Half a cosine from `rate` down to `min`: min + (rate - min) * (1 + cos(π step / over)) / 2, as PyTorch's
 * `CosineAnnealingLR`. Past `over` the cosine goes on, so the rate rises again.
 *
 * Source: Loshchilov and Hutter, SGDR, 2017, equation 5 without restarts.
 *
 * @throws ArgumentError unless rate is above 0 and min at least 0.
 */
export function cosineAnnealing(rate: number, { min = 0, over = fraction(1) }: CosineAnnealingOptions = {}): Schedule {
  positive("cosineAnnealing", "the rate", rate);
  notNegative("cosineAnnealing", "min", min);
  return (clock) => cosineBetween(rate, min, clock.step / lengthOf(over, clock));
}

export interface CosineWarmRestartsOptions {
  /** Length of the first fall. */
  readonly first: Span;
  /** How many times as long as the one before each further fall is; 1 when left out. */
  readonly growth?: number;
  /** The lowest rate; 0 when left out. */
  readonly min?: number;
}

/**
 * Cosine annealing that starts again from `rate` at the end of each fall, as PyTorch's `CosineAnnealingWarmRestarts`.
 *
 * Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017, equation 5.
 *
 * @throws ArgumentError unless rate is above 0, min at least 0 and growth at least 1.
 */
export function cosineWarmRestarts(rate: number, { first, growth = 1, min = 0 }: CosineWarmRestartsOptions): Schedule {
  positive("cosineWarmRestarts", "the rate", rate);
  notNegative("cosineWarmRestarts", "min", min);
  if (!(growth >= 1 && Number.isFinite(growth))) throw refused("cosineWarmRestarts", `growth must be at least 1, not ${growth}`);
  return (clock) => {
    let length = lengthOf(first, clock);
    let since = growth === 1 ? clock.step % length : clock.step;
    while (since >= length) {
      since -= length;
      length *= growth;
    }
    return cosineBetween(rate, min, since / length);
  };
}

/** From `from` at 0 to `to` at 1 along half a cosine. */
export function cosineBetween(from: number, to: number, done: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * done))) / 2;
}
