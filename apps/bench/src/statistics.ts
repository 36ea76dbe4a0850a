/** What is kept of many timings of one thing, in the timings' own unit. */
export interface Statistics {
  readonly samples: number;
  readonly min: number;
  /** The quartiles: a quarter of the samples lies below `lower`, a quarter above `upper`. */
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
  /** The distance between the quartiles as a share of the median. */
  readonly spread: number;
}

/** Throws for an empty list. */
export function statistics(values: readonly number[]): Statistics {
  const sorted = values.toSorted((a, b) => a - b);
  const [min = 0, lower = 0, median = 0, upper = 0] = [0, 0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  return { samples: sorted.length, min, lower, median, upper, spread: (upper - lower) / median };
}

/** The value a share of the sorted values lies below, interpolated between neighbours. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new RangeError("there are no values");
  return below + (above - below) * (at % 1);
}
