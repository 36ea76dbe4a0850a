import { fraction, type Span } from "../duration.ts";
import { lengthOf, positive, type Schedule } from "./schedule.ts";

export interface PolynomialDecayOptions {
  /** 1 when left out, a straight line. */
  readonly power?: number;
  /** When the rate reaches 0; at the end of the run when left out. */
  readonly over?: Span;
}

/**
 * rate * (1 - step / over)^power, then 0, as PyTorch's `PolynomialLR`.
 *
 * @throws ArgumentError unless rate and power are above 0.
 */
export function polynomialDecay(rate: number, { power = 1, over = fraction(1) }: PolynomialDecayOptions = {}): Schedule {
  positive("polynomialDecay", "the rate", rate);
  positive("polynomialDecay", "power", power);
  return (clock) => rate * Math.max(0, 1 - clock.step / lengthOf(over, clock)) ** power;
}
