import { epochs, type Span } from "../duration.ts";
import { lengthOf, positive, type Schedule } from "./schedule.ts";

export interface ExponentialDecayOptions {
  /** What the rate is multiplied by in each `every`. */
  readonly gamma: number;
  /** One epoch when left out. */
  readonly every?: Span;
}

/**
 * rate * gamma^(step / every), a little at every step. With `every: steps(1)`, or epoch by epoch with `perEpoch`, it is
 * PyTorch's `ExponentialLR`.
 *
 * @throws ArgumentError unless rate and gamma are above 0.
 */
export function exponentialDecay(rate: number, { gamma, every = epochs(1) }: ExponentialDecayOptions): Schedule {
  positive("exponentialDecay", "the rate", rate);
  positive("exponentialDecay", "gamma", gamma);
  return (clock) => rate * gamma ** (clock.step / lengthOf(every, clock));
}
