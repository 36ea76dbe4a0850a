import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hasShared, readJson } from "../../nn/test/support/shared.ts";
import {
  chained,
  constant,
  cosineAnnealing,
  cosineWarmRestarts,
  cyclic,
  type EpochRecord,
  epochs,
  exponentialDecay,
  fraction,
  inverseSquareRoot,
  lambda,
  linearRamp,
  multiplicative,
  multiStepDecay,
  noam,
  oneCycle,
  perEpoch,
  plateau,
  polynomialDecay,
  type Schedule,
  type ScheduleClock,
  sequential,
  stepDecay,
  steps,
  warmup,
} from "../src/index.ts";

const run: Omit<ScheduleClock, "step"> = { totalSteps: 40, stepsPerEpoch: 4, history: [] };

/** The rates of a run's steps, asked for backwards: a schedule depends on no earlier call. */
function ratesOf(schedule: Schedule, count: number, clock: Partial<ScheduleClock> = {}): number[] {
  return Array.from({ length: count }, (_, i) => schedule({ ...run, ...clock, step: count - 1 - i })).toReversed();
}

function expectRates(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((rate, t) => {
    const distance = Math.abs((actual[t] ?? Number.NaN) - rate);
    expect(distance, `step ${t}: ${actual[t]} instead of ${rate}`).toBeLessThanOrEqual(1e-9 * Math.abs(rate) + 1e-16);
  });
}

function recordsOf(values: readonly number[]): readonly EpochRecord[] {
  return values.map((loss, i) => ({ epoch: i + 1, step: i + 1, learningRate: 0, train: { loss: 7 }, validation: { loss }, seconds: 0 }));
}

interface Recorded {
  readonly name: string;
  readonly lrs: readonly number[];
  readonly momentum?: readonly number[];
  readonly metric?: readonly number[];
}

describe.skipIf(!hasShared)("the reference schedules (needs shared/ beside the checkout)", () => {
  const recorded = hasShared ? readJson<{ readonly schedules: readonly Recorded[] }>("optim/lr_schedules.json").schedules : [];
  const ours: Readonly<Record<string, Schedule>> = {
    StepLR: stepDecay(0.1, { every: steps(10), gamma: 0.5 }),
    CosineAnnealingLR: cosineAnnealing(0.1, { over: steps(30), min: 0.001 }),
    CosineAnnealingLR_beyond: cosineAnnealing(0.1, { over: steps(20) }),
    LinearLR: linearRamp(0.1, { startFactor: 0.25, over: steps(12) }),
    OneCycleLR: oneCycle(0.4),
    CosineAnnealingWarmRestarts: cosineWarmRestarts(0.1, { first: steps(5), growth: 2, min: 0.002 }),
    CosineAnnealingWarmRestarts_m1: cosineWarmRestarts(0.1, { first: steps(8) }),
    CyclicLR: cyclic(0.01, 0.1, { up: steps(6), mode: "triangular2" }),
    // PyTorch's patience is the number of checks it forgives, ours the one at which the rate drops.
    ReduceLROnPlateau: plateau(0.1, { factor: 0.5, patience: 3, minDelta: 1e-4, minDeltaMode: "relative" }),
    ReduceLROnPlateau_cooldown_abs: plateau(0.1, { patience: 2, minDelta: 0.05, cooldown: 3, min: 0.0005 }),
    ReduceLROnPlateau_max: plateau(0.1, { goal: "max", factor: 0.2, patience: 4, minDelta: 1e-4, minDeltaMode: "relative" }),
    SequentialLR_warmup_cosine: sequential([linearRamp(0.1, { startFactor: 0.1 }), cosineAnnealing(0.1)], [steps(5)]),
    ChainedScheduler: chained(exponentialDecay(0.1, { gamma: 0.9, every: steps(1) }), constant(1, { factor: 0.1, until: steps(4) })),
    MultiplicativeLR: multiplicative(0.1, (t) => (t % 2 === 1 ? 0.95 : 0.9)),
  };
  // One cycle and cyclic change the momentum too, the other way round: the same functions with the ends swapped.
  const momenta: Readonly<Record<string, Schedule>> = {
    OneCycleLR: oneCycle(0.85, { divFactor: 0.85 / 0.95, finalDivFactor: 1 }),
    CyclicLR: cyclic(0.9, 0.8, { up: steps(6), mode: "triangular2" }),
  };

  test("are all here", () => {
    expect(recorded.map(({ name }) => name).toSorted()).toEqual(Object.keys(ours).toSorted());
  });

  test.for(recorded.map((one) => [one.name, one] as const))("%s", ([name, { lrs, momentum, metric }]) => {
    const schedule = ours[name];
    if (schedule === undefined) throw new Error(`no schedule is ${name}`);
    if (metric === undefined) expectRates(ratesOf(schedule, lrs.length), lrs);
    else {
      const history = recordsOf(metric);
      expectRates(
        lrs.map((_, t) => schedule({ ...run, step: t, history: history.slice(0, t) })),
        lrs,
      );
    }
    const other = momenta[name];
    expect(momentum === undefined).toBe(other === undefined);
    if (momentum !== undefined && other !== undefined) expectRates(ratesOf(other, momentum.length), momentum);
  });
});

describe("PyTorch's schedules", () => {
  interface Own {
    readonly schedule: keyof typeof makers;
    readonly arguments: readonly never[];
    readonly rates: readonly number[];
  }
  const makers: Readonly<Record<string, (...args: never[]) => Schedule>> = {
    multiStepDecay,
    exponentialDecay,
    polynomialDecay,
    constant,
    cyclic,
    oneCycle,
    linearRamp,
  };
  const { schedules }: { readonly schedules: readonly Own[] } = JSON.parse(
    readFileSync(new URL("fixtures/schedules.json", import.meta.url), "utf8"),
  );

  test.for(schedules.map((own) => [own.schedule, own] as const))("%s", ([, { schedule, arguments: given, rates }]) => {
    const positive = rates.filter((rate) => rate > 0);
    const actual = ratesOf(makers[schedule]!(...given), rates.length);
    expectRates(actual.slice(0, positive.length), positive);
    for (const rate of actual.slice(positive.length)) expect(rate).toBe(0);
  });
});

describe("schedules by their formulas", () => {
  test("noam", () => {
    const rates = ratesOf(noam({ modelSize: 512, warmup: steps(10), factor: 2 }), 40);
    expectRates(
      rates,
      rates.map((_, i) => 2 * 512 ** -0.5 * Math.min((i + 1) ** -0.5, (i + 1) * 10 ** -1.5)),
    );
  });

  test("inverse square root", () => {
    const rates = ratesOf(inverseSquareRoot(0.2, { warmup: epochs(2) }), 40);
    expect(Math.max(...rates)).toBe(0.2);
    expect(rates[7]).toBe(0.2);
    expect(rates[0]).toBeCloseTo(0.2 / 8, 12);
    expect(rates[31]).toBeCloseTo(0.1, 12);
  });

  test("lambda, and any function", () => {
    expectRates(
      ratesOf(
        lambda(0.1, ({ step }) => 0.5 ** step),
        5,
      ),
      [0.1, 0.05, 0.025, 0.0125, 0.00625],
    );
    expectRates(
      ratesOf(({ step }) => 1 / (1 + step), 3),
      [1, 1 / 2, 1 / 3],
    );
  });
});

describe("spans", () => {
  test("are the whole run's where left out", () => {
    for (const schedule of [cosineAnnealing(0.1), polynomialDecay(0.1), linearRamp(0.1, { startFactor: 1, endFactor: 0 })]) {
      expect(schedule({ ...run, step: 20 })).toBeCloseTo(0.05, 12);
      expect(schedule({ ...run, step: 40 })).toBeCloseTo(0, 12);
      expect(schedule({ ...run, totalSteps: 80, step: 40 })).toBeCloseTo(0.05, 12);
    }
    expect(() => cosineAnnealing(0.1)({ ...run, totalSteps: null, step: 0 })).toThrow("a fraction needs a run measured in steps or epochs");
  });

  test("can be steps, epochs and fractions", () => {
    for (const every of [steps(8), epochs(2), fraction(0.2)]) {
      expect(ratesOf(stepDecay(1, { every, gamma: 0.5 }), 17).filter((rate) => rate === 1)).toHaveLength(8);
    }
    expect(stepDecay(1, { every: fraction(0.001) })({ ...run, step: 0 })).toBe(1);
  });
});

describe("combining", () => {
  test("warm-up before any schedule rises to where it begins, and leaves it whole", () => {
    const after = cosineAnnealing(0.1);
    const rates = ratesOf(warmup(after, { over: steps(10), startFactor: 0.2 }), 41);
    expectRates(
      rates.slice(0, 10),
      Array.from({ length: 10 }, (_, i) => 0.1 * (0.2 + (0.8 * i) / 10)),
    );
    for (let t = 10; t <= 40; t++) expect(rates[t]).toBeCloseTo(after({ ...run, totalSteps: 30, step: t - 10 }), 12);
    const watching = warmup(plateau(0.1, { patience: 1 }), { over: steps(2), startFactor: 0.5 });
    const history = recordsOf([1, 2, 3, 4]);
    expect(watching({ ...run, step: 1, history })).toBeCloseTo(0.075, 12);
    expect(watching({ ...run, step: 4, history })).toBeCloseTo(0.01, 12);
  });

  test("per epoch, a schedule changes between epochs only, as if PyTorch stepped it there", () => {
    const rates = ratesOf(perEpoch(cosineAnnealing(0.1, { over: epochs(10) })), 40);
    rates.forEach((rate, t) => {
      expect(rate).toBeCloseTo((0.1 * (1 + Math.cos((Math.PI * Math.floor(t / 4)) / 10))) / 2, 12);
    });
  });

  test("one after the other, each has its own clock", () => {
    const schedule = sequential([constant(1), linearRamp(1, { startFactor: 1, endFactor: 0 }), constant(3)], [steps(10), fraction(0.5)]);
    const rates = ratesOf(schedule, 40);
    expect(rates.slice(0, 10).every((rate) => rate === 1)).toBe(true);
    expect([rates[10], rates[15], rates[19], rates[20], rates[39]]).toEqual([1, 0.5, expect.closeTo(0.1, 9), 3, 3]);
  });
});

describe("plateau", () => {
  test("NaN never improves, and the first check does", () => {
    const drops = (values: readonly number[]): number =>
      plateau(1, { factor: 0.5, patience: 2 })({ ...run, step: 0, history: recordsOf(values) });
    expect(drops([5, Number.NaN])).toBe(1);
    expect(drops([5, Number.NaN, Number.NaN])).toBe(0.5);
    expect(drops([Number.NaN, 5, 5])).toBe(1);
    expect(drops([5, 4, 4, 3, 3])).toBe(1);
    expect(drops([5, 4, 4, 4, 3, 3, 3])).toBe(0.25);
  });

  test("never raises a rate to its lowest", () => {
    expect(plateau(0.01, { patience: 1, min: 0.1 })({ ...run, step: 0, history: recordsOf([1, 2]) })).toBe(0.01);
  });

  test("watches what it is told to, and says when that is missing", () => {
    const history = recordsOf([1, 2]);
    expect(plateau(1, { patience: 1, on: "train" })({ ...run, step: 0, history: history.slice(0, 1) })).toBe(1);
    expect(plateau(1, { patience: 1, on: "train" })({ ...run, step: 0, history })).toBe(0.1);
    expect(() => plateau(1, { metric: "f1" })({ ...run, step: 0, history })).toThrow("validation scores have no number called f1");
    const blind = history.map((record) => ({ ...record, validation: null }));
    expect(() => plateau(1)({ ...run, step: 0, history: blind })).toThrow("there is no validation set, so there is nothing to watch");
  });
});

test.each([
  () => stepDecay(0, { every: steps(1) }),
  () => multiStepDecay(1, { milestones: [], gamma: -1 }),
  () => exponentialDecay(1, { gamma: 0 }),
  () => linearRamp(1, { startFactor: -1 }),
  () => polynomialDecay(1, { power: 0 }),
  () => cosineAnnealing(1, { min: -1 }),
  () => cosineWarmRestarts(1, { first: steps(1), growth: 0.5 }),
  () => inverseSquareRoot(-1, { warmup: steps(1) }),
  () => noam({ modelSize: 0, warmup: steps(1) }),
  () => oneCycle(1, { pctStart: 1 }),
  () => oneCycle(1, { pctStart: 0.6, threePhase: true }),
  () => cyclic(0, 1, { up: steps(1) }),
  () => lambda(0, () => 1),
  () => multiplicative(Number.NaN, () => 1),
  () => plateau(1, { patience: 0 }),
  () => plateau(1, { factor: 1 }),
  () => sequential([constant(1)], [steps(1)]),
  () => warmup(constant(1), { over: steps(1), startFactor: -1 }),
  () => constant(1, { factor: -1 }),
])("refuses options that mean nothing: %s", (call) => {
  expect(call).toThrow(expect.objectContaining({ code: "schedule/option" }));
});
