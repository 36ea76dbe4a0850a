import { fraction, type Span } from "../duration.ts";
import { lengthOf, notNegative, positive, type Schedule } from "./schedule.ts";

export interface LinearRampOptions {
  /** The factor at the start; 1/3 when left out. */
  readonly startFactor?: number;
  /** The factor at the end and after it; 1 when left out. */
  readonly endFactor?: number;
  /** How long the way from one to the other is; the whole run when left out. */
  readonly over?: Span;
}

/**
 * A rate that changes on a straight line from rate * startFactor to rate * endFactor, as PyTorch's `LinearLR`.
 *
 * Example: `linearRamp(0.1, { startFactor: 1, endFactor: 0 })` falls to 0 over the run.
 *
 * @throws ArgumentError for a rate that is not above 0 or a negative factor.
 */
export function linearRamp(rate: number, { startFactor = 1 / 3, endFactor = 1, over = fraction(1) }: LinearRampOptions = {}): Schedule {
  positive("linearRamp", "the rate", rate);
  notNegative("linearRamp", "startFactor", startFactor);
  notNegative("linearRamp", "endFactor", endFactor);
  return (clock) => {
    const done = Math.min(1, clock.step / lengthOf(over, clock));
    return rate * (startFactor + (endFactor - startFactor) * done);
  };
}
