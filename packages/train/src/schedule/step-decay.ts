import { type Span, toSteps } from "../duration.ts";
import { lengthOf, notNegative, positive, type Schedule } from "./schedule.ts";

export interface StepDecayOptions {
  /** From one drop to the next. */
  readonly every: Span;
  /** What a drop multiplies the rate by; 0.1 when left out. */
  readonly gamma?: number;
}

/**
 * rate * gamma^floor(step / every), as PyTorch's `StepLR`.
 *
 * Example: `stepDecay(0.1, { every: epochs(30) })`.
 *
 * @throws ArgumentError for a rate that is not above 0 or a negative gamma.
 */
export function stepDecay(rate: number, { every, gamma = 0.1 }: StepDecayOptions): Schedule {
  positive("stepDecay", "the rate", rate);
  notNegative("stepDecay", "gamma", gamma);
  return (clock) => rate * gamma ** Math.floor(clock.step / lengthOf(every, clock));
}

export interface MultiStepDecayOptions {
  /** When the rate drops. */
  readonly milestones: readonly Span[];
  /** What a drop multiplies the rate by; 0.1 when left out. */
  readonly gamma?: number;
}

/**
 * rate * gamma^(milestones passed), as PyTorch's `MultiStepLR`.
 *
 * Example: `multiStepDecay(0.1, { milestones: [fraction(0.5), fraction(0.75)] })`.
 *
 * @throws ArgumentError for a rate that is not above 0 or a negative gamma.
 */
export function multiStepDecay(rate: number, { milestones, gamma = 0.1 }: MultiStepDecayOptions): Schedule {
  positive("multiStepDecay", "the rate", rate);
  notNegative("multiStepDecay", "gamma", gamma);
  return (clock) => rate * gamma ** milestones.filter((milestone) => clock.step >= toSteps(milestone, clock)).length;
}
