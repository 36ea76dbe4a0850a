import type { Span } from "../duration.ts";
import { count, lengthOf, positive, type Schedule } from "./schedule.ts";

export interface InverseSquareRootOptions {
  /** How long the rate rises to its peak. */
  readonly warmup: Span;
}

/**
 * Rises on a straight line to `rate` over the warm-up and then falls with the root of the step: with t = step + 1,
 * rate * min(t / warmup, sqrt(warmup / t)).
 *
 * @throws ArgumentError unless the rate is above 0.
 */
export function inverseSquareRoot(rate: number, { warmup }: InverseSquareRootOptions): Schedule {
  positive("inverseSquareRoot", "the rate", rate);
  return (clock) => rate * riseAndFall(clock.step + 1, lengthOf(warmup, clock));
}

export interface NoamOptions {
  /** Width of the model. */
  readonly modelSize: number;
  /** How long the rate rises to its peak. */
  readonly warmup: Span;
  /** 1 when left out. */
  readonly factor?: number;
}

/**
 * The Transformer's rate: with t = step + 1, factor * modelSize^-0.5 * min(t^-0.5, t * warmup^-1.5).
 *
 * Source: Vaswani et al., Attention Is All You Need, 2017, section 5.3.
 *
 * @throws ArgumentError unless modelSize is a whole number of at least 1 and factor above 0.
 */
export function noam({ modelSize, warmup, factor = 1 }: NoamOptions): Schedule {
  count("noam", "modelSize", modelSize);
  positive("noam", "factor", factor);
  return (clock) => {
    const length = lengthOf(warmup, clock);
    return (factor / Math.sqrt(modelSize * length)) * riseAndFall(clock.step + 1, length);
  };
}

function riseAndFall(t: number, warmup: number): number {
  return t < warmup ? t / warmup : Math.sqrt(warmup / t);
}
