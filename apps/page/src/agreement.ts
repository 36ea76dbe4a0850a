/** The largest relative difference of two curves up to a step, and the step. */
export interface Difference {
  readonly largest: number;
  readonly step: number;
}

/** Compares two curves step by step, as far as both go: |a - b| / |a|. */
export function differenceOf(a: readonly number[], b: readonly number[]): Difference {
  let found: Difference = { largest: 0, step: 0 };
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [one = Number.NaN, other = Number.NaN] = [a[i], b[i]];
    const difference = Math.abs(one - other) / Math.abs(one);
    // A NaN is the largest of all.
    if (!(difference <= found.largest)) found = { largest: Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference, step: i + 1 };
  }
  return found;
}
