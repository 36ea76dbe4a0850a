/** A stretch of time, in milliseconds. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** How much of `within` some intervals cover together. */
export function covered(intervals: readonly Interval[], within: Interval): number {
  let reached = within.start;
  let sum = 0;
  for (const { start, end } of intervals.toSorted((a, b) => a.start - b.start)) {
    const from = Math.max(start, reached);
    const to = Math.min(end, within.end);
    if (to <= from) continue;
    sum += to - from;
    reached = to;
  }
  return sum;
}
