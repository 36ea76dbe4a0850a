import { ArgumentError } from "@gradus/tensor";
import { type Span, toSteps } from "../duration.ts";
import { notNegative, type Schedule } from "./schedule.ts";

export interface ConstantOptions {
  /** What the rate is multiplied by until `until`; 1 when left out. */
  readonly factor?: number;
  /** When the factor is dropped; never when left out. */
  readonly until?: Span;
}

/**
 * The same rate at every step, finite and not negative; with a factor another one at first, as PyTorch's `ConstantLR`.
 *
 * @throws ArgumentError for a rate or factor out of range.
 */
export function constant(rate: number, { factor = 1, until }: ConstantOptions = {}): Schedule {
  if (!(rate >= 0 && Number.isFinite(rate))) {
    throw new ArgumentError("schedule/rate", `a learning rate is a finite number of at least 0, not ${rate}`, { subject: "constant" });
  }
  notNegative("constant", "factor", factor);
  return (clock) => (until === undefined || clock.step < toSteps(until, clock) ? rate * factor : rate);
}
