import { ArgumentError } from "@gradus/tensor";
import { type RunLength, type Span, toSteps } from "../duration.ts";
import type { EpochRecord } from "../state/train-state.ts";

/** Where a run stands, as schedules see it. */
export interface ScheduleClock extends RunLength {
  /** Optimizer updates done before this one. */
  readonly step: number;
  /** Epochs done, with their scores. */
  readonly history: readonly EpochRecord[];
}

/**
 * A learning rate as a pure function of the optimizer step and of the run's record: resuming needs nothing besides them.
 *
 * Any function is one: `({ step }) => 0.1 / (1 + step)`.
 */
export type Schedule = (clock: ScheduleClock) => number;

/** How many steps a span of a schedule lasts: at least one, since a small part of a short run can round to none. */
export function lengthOf(span: Span, clock: ScheduleClock): number {
  return Math.max(1, toSteps(span, clock));
}

/** A finite number of at least 0. */
export function notNegative(subject: string, name: string, value: number): number {
  if (value >= 0 && Number.isFinite(value)) return value;
  throw refused(subject, `${name} must be a finite number of at least 0, not ${value}`);
}

/** A finite number above 0. */
export function positive(subject: string, name: string, value: number): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw refused(subject, `${name} must be a finite number above 0, not ${value}`);
}

/** A whole number of at least 1. */
export function count(subject: string, name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw refused(subject, `${name} must be a whole number of at least 1, not ${value}`);
}

/** The error of a schedule's option with a value that means nothing. */
export function refused(subject: string, sentence: string): ArgumentError {
  return new ArgumentError("schedule/option", sentence, { subject });
}
