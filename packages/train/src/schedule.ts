import { ArgumentError } from "@gradus/tensor";
import type { RunLength } from "./duration.ts";

/** Where a run stands, as schedules see it. */
export interface ScheduleClock extends RunLength {
  /** Optimizer updates done before this one. */
  readonly step: number;
}

/** A learning rate as a pure function of the optimizer step: resuming needs nothing but the step. */
export type Schedule = (clock: ScheduleClock) => number;

/** The same rate at every step, finite and not negative. */
export function constant(rate: number): Schedule {
  if (!(rate >= 0 && Number.isFinite(rate))) {
    throw new ArgumentError("schedule/rate", `a learning rate is a finite number of at least 0, not ${rate}`, { subject: "constant" });
  }
  return () => rate;
}
