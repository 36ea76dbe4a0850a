import type { NamedArray } from "./perf-case.ts";

/**
 * How far `theirs` lies from `ours`: null when every output is within `tolerance` of its own largest magnitude, else one sentence.
 * A library with a single output may call it what it likes.
 */
export function difference(ours: readonly NamedArray[], theirs: readonly NamedArray[], tolerance: number): string | null {
  if (ours.length !== theirs.length) return `gives ${theirs.length} outputs, not ${ours.length}`;
  for (const own of ours) {
    const other = ours.length === 1 ? theirs[0] : theirs.find(({ name }) => name === own.name);
    if (other === undefined) return `gives no output "${own.name}" among ${theirs.map(({ name }) => name).join(", ")}`;
    if (other.data.length !== own.data.length) return `${own.name} has ${other.data.length} values, not ${own.data.length}`;
    let largest = 0;
    let furthest = 0;
    for (const [i, value] of own.data.entries()) {
      largest = Math.max(largest, Math.abs(value));
      const distance = Math.abs(value - (other.data[i] ?? Number.NaN));
      // A NaN on either side is as far as can be.
      furthest = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(furthest, distance);
    }
    if (furthest > tolerance * largest)
      return `${own.name} differs by ${(furthest / largest).toExponential(1)} of its largest value, more than ${tolerance}`;
  }
  return null;
}
