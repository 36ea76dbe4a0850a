import { ArgumentError } from "../../errors.ts";

/** One number for every spatial axis, or one for each. */
export type PerAxis = number | readonly number[];

/**
 * One number for each of `count` axes.
 *
 * @throws ArgumentError if a list has another length.
 * @internal
 */
export function perAxis(subject: string, value: PerAxis, count: number): readonly number[] {
  if (typeof value === "number") return Array.from({ length: count }, () => value);
  if (value.length !== count) {
    throw new ArgumentError("argument/per-axis", `[${value.join(", ")}] is not one number for each of ${count} axes`, { subject });
  }
  return value;
}
