import { ArgumentError } from "@gradus/tensor";

/** A finite number of at least 0. */
export function notNegative(subject: string, name: string, value: number): number {
  if (value >= 0 && Number.isFinite(value)) return value;
  throw refused(subject, `${name} must be a finite number that is not negative, and is ${value}`);
}

/** A finite number above 0. */
export function positive(subject: string, name: string, value: number): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw refused(subject, `${name} must be a finite number above 0, and is ${value}`);
}

/** A number in 0 .. 1, 1 excluded: how much of an average is kept. */
export function share(subject: string, name: string, value: number): number {
  if (value >= 0 && value < 1) return value;
  throw refused(subject, `${name} must lie in 0 .. 1, 1 excluded, and is ${value}`);
}

/** A number in 0 .. 1, both included. */
export function unit(subject: string, name: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw refused(subject, `${name} must lie in 0 .. 1, and is ${value}`);
}

/** A whole number of at least 1. */
export function count(subject: string, name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw refused(subject, `${name} must be a whole number of at least 1, and is ${value}`);
}

/** The error of an option with a value that means nothing. */
export function refused(subject: string, sentence: string): ArgumentError {
  return new ArgumentError("argument/optimizer", sentence, { subject });
}
