import { fraction, type Span } from "../duration.ts";
import { cosineBetween } from "./cosine-annealing.ts";
import { lengthOf, positive, refused, type Schedule } from "./schedule.ts";

export interface OneCycleOptions {
  /** Length of the cycle; the whole run when left out. */
  readonly over?: Span;
  /** Part of the cycle that is spent rising; 0.3 when left out. */
  readonly pctStart?: number;
  /** The rate begins at peak / divFactor; 25 when left out. */
  readonly divFactor?: number;
  /** The rate ends at peak / divFactor / finalDivFactor; 1e4 when left out. */
  readonly finalDivFactor?: number;
  /** The shape of rise and fall; "cosine" when left out. */
  readonly annealStrategy?: "cosine" | "linear";
  /** Falls back to the first rate as fast as it rose, and from there to the last; false when left out. */
  readonly threePhase?: boolean;
}

/**
 * One rise to `peak` and one fall far below where it began, as PyTorch's `OneCycleLR`; past the cycle the last rate stays.
 *
 * Source: Smith and Topin, Super-Convergence, 2018, section 3.
 *
 * @throws ArgumentError for options out of range.
 */
export function oneCycle(
  peak: number,
  {
    over = fraction(1),
    pctStart = 0.3,
    divFactor = 25,
    finalDivFactor = 1e4,
    annealStrategy = "cosine",
    threePhase = false,
  }: OneCycleOptions = {},
): Schedule {
  for (const [name, value] of Object.entries({ peak, divFactor, finalDivFactor })) positive("oneCycle", name, value);
  const most = threePhase ? 0.5 : 1;
  if (!(pctStart > 0 && pctStart < most)) throw refused("oneCycle", `pctStart must lie between 0 and ${most}, not ${pctStart}`);
  const first = peak / divFactor;
  const last = first / finalDivFactor;
  const between = annealStrategy === "cosine" ? cosineBetween : linearBetween;
  return (clock) => {
    const length = lengthOf(over, clock);
    const rise = pctStart * length - 1;
    const phases = threePhase
      ? [
          { end: rise, from: first, to: peak },
          { end: 2 * rise, from: peak, to: first },
          { end: length - 1, from: first, to: last },
        ]
      : [
          { end: rise, from: first, to: peak },
          { end: length - 1, from: peak, to: last },
        ];
    let start = 0;
    for (const { end, from, to } of phases) {
      if (clock.step <= end) return end > start ? between(from, to, (clock.step - start) / (end - start)) : to;
      start = end;
    }
    return last;
  };
}

function linearBetween(from: number, to: number, done: number): number {
  return from + (to - from) * done;
}
