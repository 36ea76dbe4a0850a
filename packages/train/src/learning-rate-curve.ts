/** One step of a learning-rate search. */
export interface CurvePoint {
  readonly learningRate: number;
  readonly loss: number;
  /** The moving average of the loss. */
  readonly smoothed: number;
}

/** Rates that a curve suggests, read from the averaged loss; null where it never falls. */
export interface RateSuggestions {
  /** The middle of the longest stretch over which the loss kept falling. */
  readonly valley: number | null;
  /** Where the loss falls fastest for a relative change of the rate. */
  readonly steepest: number | null;
  /** A tenth of the rate with the lowest loss. */
  readonly minimumOverTen: number | null;
}

/** What the curve of a learning-rate search suggests. */
export function readCurve(points: readonly CurvePoint[]): RateSuggestions {
  const losses = points.map(({ smoothed }) => smoothed);
  const fall = longestFall(losses);
  const lowest = losses.indexOf(Math.min(...losses));
  const rateAt = (index: number): number | null => points[index]?.learningRate ?? null;
  if (fall.length < 2 || lowest === 0) return { valley: null, steepest: null, minimumOverTen: null };
  const lowestRate = rateAt(lowest);
  return {
    valley: rateAt(fall[Math.floor(fall.length / 2)] ?? -1),
    steepest: rateAt(steepestOf(points)),
    minimumOverTen: lowestRate === null ? null : lowestRate / 10,
  };
}

/** Places of the longest falling subsequence, the first of several. */
function longestFall(losses: readonly number[]): readonly number[] {
  const lengths = losses.map(() => 1);
  const before = losses.map(() => -1);
  for (const [i, loss] of losses.entries()) {
    for (let j = 0; j < i; j++) {
      const length = (lengths[j] ?? 0) + 1;
      if (loss >= (losses[j] ?? 0) || length <= (lengths[i] ?? 0)) continue;
      lengths[i] = length;
      before[i] = j;
    }
  }
  const places: number[] = [];
  for (let at = lengths.indexOf(Math.max(...lengths)); at >= 0; at = before[at] ?? -1) places.unshift(at);
  return places;
}

/** The place of the most negative slope of the loss over the logarithm of the rate, between neighbours on both sides. */
function steepestOf(points: readonly CurvePoint[]): number {
  let found = 0;
  let least = 0;
  for (let i = 0; i < points.length; i++) {
    const left = points[Math.max(0, i - 1)];
    const right = points[Math.min(points.length - 1, i + 1)];
    if (left === undefined || right === undefined) continue;
    const slope = (right.smoothed - left.smoothed) / Math.log(right.learningRate / left.learningRate);
    if (!(slope < least)) continue;
    least = slope;
    found = i;
  }
  return found;
}
