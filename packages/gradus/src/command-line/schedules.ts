import {
  constant,
  cosineAnnealing,
  cosineWarmRestarts,
  cyclic,
  epochs,
  exponentialDecay,
  fraction,
  inverseSquareRoot,
  linearRamp,
  multiStepDecay,
  oneCycle,
  plateau,
  polynomialDecay,
  type Schedule,
  stepDecay,
  warmup,
} from "@gradus/train";

/** Every schedule by the name `--schedule` takes: how the learning rate goes over a run, from `rate` or, for those that rise first, up to it. */
const schedules = {
  constant,
  step: (rate) => stepDecay(rate, { every: fraction(1 / 3) }),
  "multi-step": (rate) => multiStepDecay(rate, { milestones: [fraction(0.5), fraction(0.75)] }),
  exponential: (rate) => exponentialDecay(rate, { gamma: 0.01, every: fraction(1) }),
  linear: (rate) => linearRamp(rate, { startFactor: 1, endFactor: 0 }),
  polynomial: (rate) => polynomialDecay(rate, { power: 2 }),
  cosine: (rate) => cosineAnnealing(rate),
  // Three falls, each twice as long as the one before.
  "cosine-restarts": (rate) => cosineWarmRestarts(rate, { first: fraction(1 / 7), growth: 2 }),
  "inverse-sqrt": (rate) => inverseSquareRoot(rate, { warmup: fraction(0.1) }),
  "one-cycle": (rate) => oneCycle(rate),
  cyclic: (rate) => cyclic(rate / 10, rate, { up: fraction(0.1), mode: "triangular2" }),
  // The test images must not steer the training.
  plateau: (rate) => plateau(rate, { on: "train", patience: 2 }),
} as const satisfies Readonly<Record<string, (rate: number) => Schedule>>;

export type ScheduleName = keyof typeof schedules;
export const scheduleNames: readonly ScheduleName[] = Object.keys(schedules).filter(isScheduleName);

export interface ScheduleChoice {
  readonly schedule: ScheduleName;
  readonly learningRate: number;
  /** Epochs of rising before the schedule begins. */
  readonly warmup: number;
}

export function makeSchedule({ schedule, learningRate, warmup: rising }: ScheduleChoice): Schedule {
  const made = schedules[schedule](learningRate);
  return rising === 0 ? made : warmup(made, { over: epochs(rising) });
}

function isScheduleName(name: string): name is ScheduleName {
  return Object.hasOwn(schedules, name);
}
