import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adam, sgd } from "@gradus/optim";
import { useRuntime } from "@gradus/tensor";
import { epochs, findLearningRate, readCurve } from "./index.ts";
import { install, tinyImages, tinyTrainer } from "./tiny.test.support.ts";

const train = tinyImages(20);

beforeEach(() => void install("wasm"));
afterEach(() => void useRuntime(null));

describe("findLearningRate", () => {
  it("tries rates from low to high, until the loss runs away", async () => {
    const { trainer } = tinyTrainer();
    const { points, valley, steepest, minimumOverTen } = await findLearningRate(trainer, {
      train,
      from: 1e-4,
      to: 1e3,
      steps: 60,
      smoothing: 0.5,
    });
    expect(points.length).toBeGreaterThan(20);
    expect(points.length).toBeLessThan(60);
    points.forEach(({ learningRate }, i) => {
      expect(learningRate / 10 ** (-4 + (7 * i) / 59)).toBeCloseTo(1, 9);
    });
    const last = points.at(-1);
    expect(last?.smoothed).toBeGreaterThan(4 * Math.min(...points.map(({ smoothed }) => smoothed)));
    for (const rate of [valley, steepest, minimumOverTen]) {
      expect(rate).toBeGreaterThan(1e-4);
      expect(rate).toBeLessThan(10);
    }
  });

  it("leaves weights, slots and rate as they were, and training as it would have been", async () => {
    const { trainer: untouched } = tinyTrainer({ optimizer: adam({ learningRate: 0.01 }) });
    const { last, checkpoint } = await untouched.fit({ train, length: epochs(2) });
    const optimizer = adam({ learningRate: 0.01 });
    const { trainer, model } = tinyTrainer({ optimizer });
    const before = await model.stateDict();
    await findLearningRate(trainer, { train, steps: 10 });
    expect(await model.stateDict()).toEqual(before);
    expect(optimizer.learningRate).toBe(0.01);
    await trainer.fit({ train, length: epochs(1) });
    const halfway = await optimizer.stateDict();
    const first = await findLearningRate(trainer, { train, steps: 10 });
    expect(await optimizer.stateDict()).toEqual(halfway);
    expect(await findLearningRate(trainer, { train, steps: 10 })).toEqual(first);

    const again = adam({ learningRate: 0.01 });
    const { trainer: searched } = tinyTrainer({ optimizer: again });
    await findLearningRate(searched, { train, steps: 10 });
    const result = await searched.fit({ train, length: epochs(2) });
    expect(result.last).toEqual(last);
    expect(result.checkpoint.optimizer).toEqual(checkpoint.optimizer);
  });

  it("restores when it is interrupted, or meets a loss that is not finite", async () => {
    const { trainer, model, optimizer } = tinyTrainer();
    const before = await model.stateDict();
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await expect(findLearningRate(trainer, { train, signal: stop.signal })).rejects.toThrow("enough");
    const broken = {
      length: train.length,
      gather: (indices: Uint32Array) => {
        const batch = train.gather(indices);
        batch.image.data.fill(Number.NaN);
        return batch;
      },
    };
    await expect(findLearningRate(trainer, { train: broken })).rejects.toMatchObject({ code: "train/non-finite" });
    expect(await model.stateDict()).toEqual(before);
    expect(optimizer.learningRate).toBe(0.05);
  });

  it("refuses nonsense", async () => {
    const { trainer } = tinyTrainer({ optimizer: sgd({ learningRate: 1 }) });
    for (const wrong of [{ from: 0 }, { from: 2, to: 1 }, { steps: 1 }, { smoothing: 1 }, { stopAt: 1 }]) {
      await expect(findLearningRate(trainer, { train, ...wrong })).rejects.toMatchObject({ code: "train/find-learning-rate" });
    }
    await expect(findLearningRate(trainer, { train: tinyImages(0) })).rejects.toMatchObject({ code: "train/no-batches" });
  });
});

describe("readCurve", () => {
  const curve = (losses: readonly number[]) => losses.map((smoothed, i) => ({ learningRate: 10 ** (i - 6), loss: smoothed, smoothed }));

  it("reads valley, steepest fall and minimum", () => {
    // Falls from the second place to the eighth, fastest around the sixth, then runs away.
    const { valley, steepest, minimumOverTen } = readCurve(curve([5, 5.01, 4.9, 4.7, 4.4, 3, 2, 1.9, 3, 20]));
    expect(valley).toBe(1e-2);
    expect(steepest).toBe(1e-1);
    expect(minimumOverTen).toBe(1);
  });

  it("does not count a bump as the end of a fall", () => {
    const { valley } = readCurve(curve([5, 4, 4.5, 3, 2, 1, 9]));
    expect(valley).toBe(1e-3);
  });

  it("suggests nothing where the loss never falls", () => {
    const nothing = { valley: null, steepest: null, minimumOverTen: null };
    expect(readCurve(curve([1, 2, 3]))).toEqual(nothing);
    expect(readCurve(curve([1]))).toEqual(nothing);
    expect(readCurve([])).toEqual(nothing);
  });
});
