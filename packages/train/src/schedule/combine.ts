import { type Span, toSteps } from "../duration.ts";
import { notNegative, refused, type Schedule, type ScheduleClock } from "./schedule.ts";

/**
 * One schedule after the other: the next takes over at each milestone, and counts its steps from there. A span measured in
 * fractions is a fraction of the schedule's own part, as PyTorch's `SequentialLR` would need it to be given.
 *
 * Example: `sequential([linearRamp(0.1, { startFactor: 0.01 }), cosineAnnealing(0.1)], [epochs(5)])`.
 *
 * @throws ArgumentError unless there is one milestone fewer than schedules.
 */
export function sequential(schedules: readonly Schedule[], milestones: readonly Span[]): Schedule {
  if (schedules.length === 0 || milestones.length !== schedules.length - 1) {
    throw refused("sequential", `${schedules.length} schedules need one milestone between each two, not ${milestones.length}`);
  }
  return (clock) => {
    const bounds = [0, ...milestones.map((milestone) => toSteps(milestone, clock))];
    const at = bounds.findLastIndex((bound) => clock.step >= bound);
    return schedules[at]?.(within(clock, bounds[at] ?? 0, bounds[at + 1] ?? clock.totalSteps)) ?? 0;
  };
}

/**
 * Several schedules at once, multiplied, as PyTorch's `ChainedScheduler`: one gives the rate, the others are factors, made
 * with a rate of 1.
 *
 * Example: `chained(exponentialDecay(0.1, { gamma: 0.9 }), constant(1, { factor: 0.1, until: epochs(1) }))`.
 */
export function chained(...schedules: readonly Schedule[]): Schedule {
  return (clock) => schedules.reduce((product, schedule) => product * schedule(clock), 1);
}

export interface WarmupOptions {
  /** How long the rise lasts. */
  readonly over: Span;
  /** Where it begins, as a part of the schedule's first rate; 0.01 when left out. */
  readonly startFactor?: number;
}

/**
 * A straight rise to the first rate of `schedule`, which then begins.
 *
 * Source: Goyal et al., Accurate, Large Minibatch SGD, 2017, section 2.2.
 *
 * Example: `warmup(cosineAnnealing(0.4), { over: epochs(5) })`.
 *
 * @throws ArgumentError for a negative startFactor.
 */
export function warmup(schedule: Schedule, { over, startFactor = 0.01 }: WarmupOptions): Schedule {
  notNegative("warmup", "startFactor", startFactor);
  return (clock) => {
    const length = toSteps(over, clock);
    const after = within(clock, length, clock.totalSteps);
    if (clock.step >= length) return schedule(after);
    return schedule({ ...after, step: 0, history: [] }) * (startFactor + ((1 - startFactor) * clock.step) / length);
  };
}

/** The schedule as it stands at the first step of each epoch: it changes between epochs only. */
export function perEpoch(schedule: Schedule): Schedule {
  return (clock) => schedule({ ...clock, step: Math.floor(clock.step / clock.stepsPerEpoch) * clock.stepsPerEpoch });
}

/** The clock of the part of a run from step `start` to step `end`. */
function within(clock: ScheduleClock, start: number, end: number | null): ScheduleClock {
  if (start === 0 && end === clock.totalSteps) return clock;
  return {
    step: clock.step - start,
    totalSteps: end === null ? null : Math.max(1, end - start),
    stepsPerEpoch: clock.stepsPerEpoch,
    history: clock.history.filter(({ step }) => step > start),
  };
}
