import { InvalidArgumentError } from "commander";

/** Parses a flag's whole number from `least` to `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(most === Number.MAX_SAFE_INTEGER ? `It must be a whole number of at least ${least}.` : `It must be a whole number from ${least} to ${most}.`);
  };
}

/** Parses a flag's number from `least` to `most`. */
export function number(least: number, most = Number.MAX_VALUE): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(most === Number.MAX_VALUE ? `It must be a number of at least ${least}.` : `It must be a number from ${least} to ${most}.`);
  };
}
