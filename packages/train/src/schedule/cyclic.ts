import type { Span } from "../duration.ts";
import { lengthOf, positive, type Schedule } from "./schedule.ts";

export interface CyclicOptions {
  /** How long a rise lasts. */
  readonly up: Span;
  /** How long a fall lasts; as long as a rise when left out. */
  readonly down?: Span;
  /**
   * "triangular": every cycle as high as the first; "triangular2": half as high as the one before; "expRange": gamma^step as
   * high. "triangular" when left out.
   */
  readonly mode?: "triangular" | "triangular2" | "expRange";
  /** For "expRange"; 1 when left out. */
  readonly gamma?: number;
}

/**
 * Rises from `base` to `peak` and falls back, again and again, on straight lines, as PyTorch's `CyclicLR`.
 *
 * Source: Smith, Cyclical Learning Rates for Training Neural Networks, 2017, section 3.2.
 *
 * @throws ArgumentError unless base, peak and gamma are above 0.
 */
export function cyclic(base: number, peak: number, { up, down = up, mode = "triangular", gamma = 1 }: CyclicOptions): Schedule {
  for (const [name, value] of Object.entries({ base, peak, gamma })) positive("cyclic", name, value);
  return (clock) => {
    const rise = lengthOf(up, clock);
    const fall = lengthOf(down, clock);
    const cycle = Math.floor(clock.step / (rise + fall));
    const since = clock.step - cycle * (rise + fall);
    const height = since <= rise ? since / rise : (rise + fall - since) / fall;
    const scale = mode === "triangular" ? 1 : mode === "triangular2" ? 2 ** -cycle : gamma ** clock.step;
    return base + (peak - base) * height * scale;
  };
}
