import { ArgumentError } from "@gradus/tensor";

/** A number of optimizer updates. */
export interface Steps {
  readonly unit: "steps";
  readonly amount: number;
}
/** A number of passes over the training set. */
export interface Epochs {
  readonly unit: "epochs";
  readonly amount: number;
}
/** Time spent training, in minutes. */
export interface Minutes {
  readonly unit: "minutes";
  readonly amount: number;
}
/** A part of the whole run, from 0 to 1. */
export interface Fraction {
  readonly unit: "fraction";
  readonly amount: number;
}

/** How long a run lasts. */
export type Length = Steps | Epochs | Minutes;
/** A place in a run that follows from the step alone, as schedules need. */
export type Span = Steps | Epochs | Fraction;

/** `amount` optimizer updates, a whole number of at least 1. */
export function steps(amount: number): Steps {
  return { unit: "steps", amount: whole("steps", amount) };
}

/** `amount` passes over the training set, a whole number of at least 1. */
export function epochs(amount: number): Epochs {
  return { unit: "epochs", amount: whole("epochs", amount) };
}

/** `amount` minutes of training, above 0. */
export function minutes(amount: number): Minutes {
  if (amount > 0 && Number.isFinite(amount)) return { unit: "minutes", amount };
  throw refused("minutes", "a finite number above 0", amount);
}

/** The part `amount` of the whole run, from 0 to 1. */
export function fraction(amount: number): Fraction {
  if (amount >= 0 && amount <= 1) return { unit: "fraction", amount };
  throw refused("fraction", "a number from 0 to 1", amount);
}

/** What turns durations into steps. */
export interface RunLength {
  readonly stepsPerEpoch: number;
  /** Steps of the whole run; null for a run measured in minutes. */
  readonly totalSteps: number | null;
}

/**
 * The optimizer updates a span lasts, rounded to a whole number.
 *
 * @throws ArgumentError for a fraction of a run measured in minutes.
 */
export function toSteps(span: Span, { stepsPerEpoch, totalSteps }: RunLength): number {
  switch (span.unit) {
    case "steps":
      return span.amount;
    case "epochs":
      return span.amount * stepsPerEpoch;
    case "fraction":
      if (totalSteps === null) {
        throw new ArgumentError("duration/fraction-of-minutes", "a fraction needs a run measured in steps or epochs, and this one is measured in minutes", {
          subject: "fraction",
          hint: "give the span as steps(n) or epochs(n)",
        });
      }
      return Math.round(span.amount * totalSteps);
  }
  span satisfies never;
}

/** `"5 epochs"`, `"1 step"`. */
export function describeLength({ unit, amount }: Length): string {
  return `${amount} ${amount === 1 ? unit.slice(0, -1) : unit}`;
}

function whole(unit: string, amount: number): number {
  if (Number.isSafeInteger(amount) && amount >= 1) return amount;
  throw refused(unit, "a whole number of at least 1", amount);
}

function refused(unit: string, expected: string, amount: number): ArgumentError {
  return new ArgumentError(`duration/${unit}`, `takes ${expected}, not ${amount}`, { subject: unit });
}
