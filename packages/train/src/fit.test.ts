import { beforeEach, describe, expect, it } from "vitest";
import { memoryClock, memoryFileSystem } from "@gradus/io";
import { bind, EVAL, Linear, Module } from "@gradus/nn";
import { averagedWeights, exponentialAverage, sgd, sharpnessAware } from "@gradus/optim";
import { add, exp, flatten, log, mul, sqrt, sum, tensor, type Tensor, where, zeros } from "@gradus/tensor";
import { checkpointFile, constant, epochs, findNonFinite, fraction, minutes, type StepInfo, steps, Trainer } from "./index.ts";
import { toSteps } from "./duration.ts";
import { install, poisoned, tinyImages, tinyTrainer, TinyNet } from "./tiny.test.support.ts";

const train = tinyImages(20);
const validation = tinyImages(9, 100);

beforeEach(() => void install("reference"));

describe("fit", () => {
  it("learns", async () => {
    const { trainer } = tinyTrainer();
    const before = await trainer.evaluate(validation);
    const { history, reason } = await trainer.fit({ train: tinyImages(96), validation, length: epochs(8), keep: "last" });
    expect(reason).toBe("finished");
    expect(history).toHaveLength(8);
    const after = await trainer.evaluate(validation);
    expect(after).toEqual(history.at(-1)?.validation);
    expect(after.loss).toBeLessThan(before.loss / 2);
    expect(after["accuracy"]).toBeGreaterThan(0.8);
  });

  it("gives the same weights for the same seed, validation or not", async () => {
    const run = async (seed: number, withValidation: boolean) => {
      const { trainer } = tinyTrainer({ seed });
      const { last } = await trainer.fit({ train, length: epochs(2), ...(withValidation ? { validation } : {}) });
      return last;
    };
    const first = await run(1, true);
    expect(await run(1, true)).toEqual(first);
    expect(await run(1, false)).toEqual(first);
    expect(await run(2, false)).not.toEqual(first);
  });

  it("keeps the best weights, and says which they were", async () => {
    for (const keep of ["best", "last"] as const) {
      const { model, trainer } = tinyTrainer({ schedule: ({ step }) => (step < 3 ? 0.05 : 40) });
      const { best, last, state, history } = await trainer.fit({ train, validation, length: epochs(3), keep });
      expect(state.best).toMatchObject({ epoch: 1, step: 3, value: history[0]?.validation?.loss });
      expect(state.checksWithoutImprovement).toBe(2);
      expect(best).not.toEqual(last);
      expect(await model.stateDict()).toEqual(keep === "best" ? best : last);
    }
  });

  it("validates with the averages if told to: they are the best, and training goes on from its own weights", async () => {
    install("wasm");
    const run = async (validateAverages: boolean) => {
      const optimizer = sgd({ learningRate: 0.05, momentum: 0.9, after: [exponentialAverage({ decay: 0.8 })] });
      const { model, trainer } = tinyTrainer({ optimizer });
      const result = await trainer.fit({ train, validation, length: epochs(3), validateAverages });
      return { ...result, averages: await averagedWeights(model, optimizer), left: await model.stateDict(), trainer };
    };
    const [plain, averaged] = [await run(false), await run(true)];
    expect(averaged.last).toEqual(plain.last);
    expect(averaged.state.best).toMatchObject({ step: 9, epoch: 3 });
    expect(averaged.best).toEqual(averaged.averages);
    expect(averaged.best).not.toEqual(plain.best);
    expect(averaged.left).toEqual(averaged.averages);
    expect(await averaged.trainer.evaluate(validation)).toEqual(averaged.history.at(-1)?.validation);
    const { trainer } = tinyTrainer();
    await expect(trainer.fit({ train, validation, length: epochs(1), validateAverages: true })).rejects.toThrow(
      "the optimizer keeps no average of the weights",
    );
  });

  it("treats the last batch as asked, a filled-up one like a smaller one", async () => {
    const run = async (lastBatch: "keep" | "drop" | "pad" | "spread") => {
      const { trainer } = tinyTrainer({ lastBatch, schedule: constant(0) });
      const { state, history } = await trainer.fit({ train, length: epochs(1) });
      return { steps: state.step, loss: history[0]?.train.loss ?? 0 };
    };
    const kept = await run("keep");
    expect(kept.steps).toBe(3);
    expect((await run("drop")).steps).toBe(2);
    expect((await run("spread")).steps).toBe(3);
    expect((await run("pad")).steps).toBe(3);
  });

  it("scores the batch at the parameters, wherever the gradients are taken", async () => {
    const run = async (rho: number | null) => {
      const gradients = rho === null ? {} : { gradients: (model: Module, loss: () => Tensor) => sharpnessAware(model, loss, { rho }) };
      const { trainer } = tinyTrainer({ schedule: constant(0), ...gradients });
      return (await trainer.fit({ train, length: epochs(1) })).history[0]?.train;
    };
    const scores = await run(null);
    expect(scores?.loss).toBeGreaterThan(0);
    expect(await run(30)).toEqual(scores);
  });

  it("counts a filled-up batch's repeats for nothing", async () => {
    class Plain extends Module {
      readonly output = new Linear(4, 3);
      override forward(x: Tensor): Tensor {
        return this.output.forward(flatten(x));
      }
    }
    const run = async (lastBatch: "keep" | "pad") => {
      const trainer = new Trainer({ model: bind(new Plain(), 1), optimizer: sgd({ learningRate: 0.1 }), batchSize: 8, lastBatch });
      const { last, history } = await trainer.fit({ train, length: epochs(2) });
      return { weights: [...(last.get("output.weight")?.data ?? [])], accuracy: history.at(-1)?.train["accuracy"] };
    };
    const [kept, padded] = [await run("keep"), await run("pad")];
    expect(padded.accuracy).toBe(kept.accuracy);
    padded.weights.forEach((weight, i) => expect(weight).toBeCloseTo(kept.weights[i] ?? 0, 6));
    const mean = new Trainer({
      model: new Plain(),
      optimizer: sgd({ learningRate: 0.1 }),
      batchSize: 8,
      lastBatch: "pad",
      loss: (output) => sum(output),
    });
    await expect(mean.fit({ train, length: epochs(1) })).rejects.toThrow("a filled-up last batch needs each sample's loss");
  });

  it("shows faults of the validation set before the first step", async () => {
    const { trainer } = tinyTrainer();
    let count = 0;
    const broken = { length: 4, gather: () => Promise.reject(new RangeError("no such picture")) };
    await expect(trainer.fit({ train, validation: broken, length: epochs(1), progress: { step: () => void count++ } })).rejects.toThrow(
      "no such picture",
    );
    expect(count).toBe(0);
  });

  it("ends after the minutes asked for", async () => {
    const clock = memoryClock();
    const { trainer } = tinyTrainer({ clock });
    const tick = { step: () => void clock.sleep(15_000) };
    const { state } = await trainer.fit({ train, length: minutes(1), progress: tick });
    expect(state).toMatchObject({ step: 6, seconds: 60 });
  });

  it("says what is left to do", async () => {
    const clock = memoryClock();
    const { trainer } = tinyTrainer({ clock });
    const seen: StepInfo[] = [];
    await trainer.fit({ train, length: epochs(2), progress: { step: (info) => void (seen.push(info), clock.sleep(1000)) } });
    expect(seen.map(({ epoch, batch, batches }) => [epoch, batch, batches])).toEqual([
      [1, 1, 3],
      [1, 2, 3],
      [1, 3, 3],
      [2, 1, 3],
      [2, 2, 3],
      [2, 3, 3],
    ]);
    expect(seen[4]).toMatchObject({ samplesPerSecond: 16, secondsLeft: 0.25 });
    expect(seen[0]?.secondsLeft).toBeNull();
  });

  it("goes on without a disk, until the end of the step", async () => {
    const { trainer } = tinyTrainer();
    const fs = memoryFileSystem({ capacity: 100 });
    const result = await trainer.fit({ train, length: epochs(3), save: checkpointFile("/a", { fs }) });
    expect(result).toMatchObject({ reason: "save-failed", failure: { code: "storage/full", facts: { path: "/a" } }, state: { epoch: 1 } });
    expect(result.last.size).toBe(4);
  });

  it("refuses nonsense", async () => {
    const { trainer } = tinyTrainer();
    await expect(trainer.fit({ train: tinyImages(0), length: epochs(1) })).rejects.toThrow("a training set of 0 samples gives no batch");
    await expect(trainer.fit({ train, length: epochs(1), monitor: { metric: "f1", goal: "max" } })).rejects.toThrow(
      "there is no metric f1 to monitor among loss, accuracy",
    );
    await expect(trainer.evaluate(tinyImages(0))).rejects.toThrow("the data set is empty");
    expect(() => tinyTrainer({ batchSize: 0 })).toThrow("batchSize must be a whole number of at least 1, not 0");
  });
});

describe("a loss that is not finite", () => {
  class Logarithm extends Module {
    readonly scale = new Linear(4, 3);
    override forward(x: Tensor): Tensor {
      return log(this.scale.forward(flatten(x)));
    }
  }

  it("stops the run, names the first op that made it, and leaves the weights as they were", async () => {
    const model = bind(new Logarithm(), 1);
    const before = await model.stateDict();
    const trainer = new Trainer({ model, optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), batchSize: 8 });
    const { reason, failure, last, state } = await trainer.fit({ train, length: epochs(1) });
    expect(reason).toBe("non-finite");
    expect(failure?.message.split("\n")[0]).toMatch(
      /^fit: the loss of step 0 is NaN: log was the first to make NaN, in \d+ of the values of its float32\[8, 3\]$/,
    );
    expect(failure?.facts).toMatchObject({ step: 0, epoch: 1, batch: "image float32[8, 1, 2, 2], label int32[8]" });
    expect(last).toEqual(before);
    expect(state.step).toBe(0);
  });

  it("names the data where they were at fault", async () => {
    const { trainer, model } = tinyTrainer();
    const fs = memoryFileSystem();
    const { failure, state } = await trainer.fit({ train: poisoned(train, 4), length: epochs(3), save: checkpointFile("/run", { fs }) });
    expect(failure?.message).toContain("image was NaN to begin with");
    expect(state.epoch).toBe(0);
    for (const { data } of (await model.stateDict()).values()) expect(data.every(Number.isFinite)).toBe(true);
  });

  it("leaves the batch out and counts it, if told to", async () => {
    const { trainer } = tinyTrainer();
    const { reason, state, history } = await trainer.fit({ train: poisoned(train, 4), length: epochs(2), onNaN: "skip" });
    expect({ reason, skipped: state.skipped, step: state.step }).toEqual({ reason: "finished", skipped: 2, step: 4 });
    expect(history.every(({ train }) => Number.isFinite(train.loss))).toBe(true);
  });

  it("is caught where only a gradient is not finite", async () => {
    class Root extends Module {
      readonly output = new Linear(4, 3, { bias: false });
      override forward(x: Tensor): Tensor {
        return sqrt(mul(this.output.forward(flatten(x)), 0));
      }
    }
    const model = bind(new Root(), 1);
    const { failure, last } = await new Trainer({ model, optimizer: sgd({ learningRate: 0.1 }), batchSize: 8 }).fit({
      train,
      length: epochs(1),
    });
    expect(failure?.message).toMatch(/the gradients of step 0 are not finite: \w+ was the first to make/);
    expect([...(last.get("output.weight")?.data ?? [])].every(Number.isFinite)).toBe(true);
  });
});

describe("findNonFinite", () => {
  it("does not blame an infinity that is masked away", async () => {
    const x = tensor([0, 1, 2]);
    const masked = where(tensor([true, false, false]), 0, log(x));
    expect(await findNonFinite([sum(masked)])).toBeNull();
    const found = await findNonFinite([sum(add(masked, exp(mul(x, 100))))]);
    expect(found).toMatchObject({ op: "exp", value: Number.POSITIVE_INFINITY, count: 2, tensor: "float32[3]", inputs: ["float32[3]"] });
  });

  it("blames whoever picks a constant, not the constant", async () => {
    const picked = where(tensor([true, false]), tensor([1, 2]), Number.NaN);
    expect(await findNonFinite([sum(picked)])).toMatchObject({ op: "where", count: 1, tensor: "float32[2]" });
  });

  it("names parameters", async () => {
    const model = bind(new TinyNet(), 1);
    model.hidden.weight.set(new Float32Array(24).fill(Number.NaN));
    expect(await findNonFinite([sum(model.forward(zeros([1, 4]), EVAL))])).toMatchObject({
      op: null,
      tensor: "float32[6, 4] hidden.weight",
      count: 24,
    });
  });
});

describe("durations", () => {
  it("become steps", () => {
    const run = { stepsPerEpoch: 10, totalSteps: 200 };
    expect([toSteps(steps(7), run), toSteps(epochs(3), run), toSteps(fraction(0.1), run)]).toEqual([7, 30, 20]);
    expect(() => toSteps(fraction(0.1), { stepsPerEpoch: 10, totalSteps: null })).toThrow("measured in minutes");
  });

  it("have one unit each", () => {
    expect(() => steps(1.5)).toThrow("steps: takes a whole number of at least 1, not 1.5");
    expect(() => fraction(2)).toThrow("fraction: takes a number from 0 to 1, not 2");
    // @ts-expect-error A length is no plain number.
    const plain: Parameters<ReturnType<typeof tinyTrainer>["trainer"]["fit"]>[0] = { train, length: 3 };
    // @ts-expect-error Minutes are no span of a schedule.
    const span: Parameters<typeof toSteps>[0] = minutes(1);
    expect([plain.length, span.unit]).toEqual([3, "minutes"]);
  });
});
