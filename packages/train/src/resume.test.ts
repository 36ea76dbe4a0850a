import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FileSystem, memoryFileSystem } from "@gradus/io";
import { averagedWeights, exponentialAverage, sgd, sharpnessAware } from "@gradus/optim";
import { useRuntime } from "@gradus/tensor";
import {
  type Checkpoint,
  checkpointFile,
  checkpointFolder,
  encodeTrainState,
  epochs,
  type FitResult,
  loadModel,
  parseTrainState,
  plateau,
  type Schedule,
  steps,
  top5,
  warmup,
  type Weights,
} from "./index.ts";
import { tinyImages, tinyTrainer, install } from "./tiny.test.support.ts";

const train = tinyImages(21);
const validation = tinyImages(9, 100);

beforeEach(() => void install("wasm"));
afterEach(() => void useRuntime(null));

function bits(weights: Weights): Record<string, number[]> {
  return Object.fromEntries(
    [...weights].map(([name, { data }]) => [name, [...new Uint32Array(data.buffer, data.byteOffset, data.length)]]),
  );
}

/** What must not depend on where a run was interrupted; times may. */
function essence({ state, last, best, checkpoint }: FitResult) {
  const { epochSeconds: _, seconds: __, history, ...rest } = state;
  return {
    ...rest,
    history: history.map(({ seconds: ___, ...record }) => record),
    last: bits(last),
    best: bits(best),
    optimizer: bits(checkpoint.optimizer),
  };
}

async function interruptedAt(step: number, resume?: Checkpoint): Promise<FitResult> {
  const stop = new AbortController();
  const { trainer } = tinyTrainer({ metrics: [top5] });
  if (step === 0) stop.abort();
  return trainer.fit({
    train,
    validation,
    length: epochs(2),
    signal: stop.signal,
    keep: "last",
    ...(resume === undefined ? {} : { resume }),
    progress: { step: (info) => (info.step === step ? stop.abort() : undefined) },
  });
}

describe("resume", () => {
  it("ends bit for bit as if never interrupted, whatever the step", async () => {
    const whole = await interruptedAt(-1);
    expect(whole).toMatchObject({ reason: "finished", state: { step: 6, epoch: 2 } });
    for (let step = 0; step <= 6; step++) {
      const first = await interruptedAt(step);
      expect(first).toMatchObject({ reason: "aborted", state: { step } });
      expect(essence(await interruptedAt(-1, first.checkpoint))).toEqual(essence(whole));
    }
  });

  it("holds for a schedule that watches the scores, and for averages and sharp steps", async () => {
    const run = async (stopAt: number, resume?: Checkpoint) => {
      const stop = new AbortController();
      const schedule = warmup(plateau(0.05, { patience: 1, minDelta: 0.5, factor: 0.5 }), { over: steps(2) });
      const optimizer = sgd({ learningRate: 0.05, momentum: 0.9, after: [exponentialAverage({ decay: 0.9 })] });
      const { trainer, model } = tinyTrainer({ schedule, optimizer, gradients: sharpnessAware });
      const result = await trainer.fit({
        train,
        validation,
        length: epochs(4),
        signal: stop.signal,
        keep: "last",
        ...(resume === undefined ? {} : { resume }),
        progress: { step: (info) => (info.step === stopAt ? stop.abort() : undefined) },
      });
      return { ...essence(result), averages: bits(await averagedWeights(model, optimizer)), checkpoint: result.checkpoint };
    };
    const { checkpoint: _, ...whole } = await run(-1);
    expect(new Set(whole.history.map(({ learningRate }) => learningRate)).size).toBeGreaterThan(2);
    expect(whole.averages).not.toEqual(whole.last);
    for (const step of [1, 5, 6, 10]) {
      const first = await run(step);
      const { checkpoint: __, ...resumed } = await run(-1, first.checkpoint);
      expect(resumed).toEqual(whole);
    }
  });

  it("keeps the best weights of a run that stopped just there", async () => {
    const schedule: Schedule = ({ step }) => (step < 3 ? 0.05 : 40);
    const first = await tinyTrainer({ schedule }).trainer.fit({ train, validation, length: epochs(1) });
    expect(first.checkpoint.best).toBeNull();
    const { trainer } = tinyTrainer({ schedule });
    const { state, best } = await trainer.fit({ train, validation, length: epochs(3), extend: "hold", resume: first.checkpoint });
    expect(state.best?.step).toBe(3);
    expect(best).toEqual(first.last);
  });

  it("also through a file and a folder", async () => {
    const whole = await interruptedAt(-1);
    const { checkpoint } = await interruptedAt(4);
    const fs: FileSystem = memoryFileSystem();
    await checkpointFile("/run.safetensors", { fs }).save(checkpoint);
    const { checkpoint: read } = await loadModel("/run.safetensors", { fs });
    expect(read).toEqual(checkpoint);
    expect(essence(await interruptedAt(-1, read ?? undefined))).toEqual(essence(whole));

    const folder = checkpointFolder("/runs/a", { fs });
    await folder.save(checkpoint);
    const found = await folder.latest();
    expect(found).toMatchObject({ path: "/runs/a/step-00000004", skipped: [] });
    expect(essence(await interruptedAt(-1, found?.checkpoint))).toEqual(essence(whole));
  });

  it("refuses another recipe, and another length unless told what that means", async () => {
    const { checkpoint } = await interruptedAt(2);
    const begin = async (options: Parameters<typeof tinyTrainer>[0], length = epochs(2), extend?: "hold") =>
      tinyTrainer({ metrics: [top5], ...options }).trainer.fit({
        train,
        length,
        resume: checkpoint,
        ...(extend === undefined ? {} : { extend }),
      });
    await expect(begin({ batchSize: 9 })).rejects.toThrow("the run was begun with batchSize 8 and cannot go on with 9");
    await expect(begin({ seed: 6 })).rejects.toThrow("the run was begun with seed 5 and cannot go on with 6");
    await expect(begin({}, epochs(3))).rejects.toThrow("the run was planned for 2 epochs and cannot go on for 3 epochs unasked");
    const { state } = await begin({}, epochs(3), "hold");
    expect(state).toMatchObject({ epoch: 3, step: 9, plan: { length: epochs(3), scheduleSteps: 6 } });
  });

  it("goes on within an epoch after a run measured in steps", async () => {
    const { trainer } = tinyTrainer();
    const first = await trainer.fit({ train, validation, length: steps(4) });
    expect(first).toMatchObject({ reason: "finished", state: { step: 4, epoch: 1, samplesSeen: 8 } });
    expect(first.history.map(({ epoch }) => epoch)).toEqual([1, 1 + 8 / 21]);
  });
});

describe("the record as JSON", () => {
  it("comes back as it was, values that are not finite included", async () => {
    const { state } = await interruptedAt(4);
    const odd = { ...state, sums: { loss: [Number.NaN, Number.NEGATIVE_INFINITY] } };
    expect(parseTrainState(encodeTrainState(odd), "test")).toEqual(odd);
  });

  it("holds a run that ended within an epoch", async () => {
    const { trainer } = tinyTrainer();
    const { state } = await trainer.fit({ train, validation, length: steps(4) });
    expect(state.history.map(({ epoch }) => epoch)).toEqual([1, 1 + 8 / 21]);
    expect(parseTrainState(encodeTrainState(state), "test")).toEqual(state);
  });

  it("refuses what is not a record, naming the field", async () => {
    const { state } = await interruptedAt(4);
    const text = encodeTrainState(state);
    const broken = (from: string | RegExp, to: string) => () => parseTrainState(text.replace(from, to), "run.json");
    expect(broken('"step":4', '"step":-4')).toThrow("run.json: step must be a whole number, not -4");
    expect(broken('"step":4', '"stop":4')).toThrow("run.json: step must be a whole number, not missing");
    expect(broken('"lastBatch":"keep"', '"lastBatch":"kept"')).toThrow(
      'recipe.lastBatch must be one of keep, drop, pad, spread, not "kept"',
    );
    expect(broken('"version":1', '"version":2')).toThrow("saved in version 2 of the format and this Gradus reads version 1");
    expect(broken("{", "[")).toThrow("run.json: the record is not valid JSON");
    expect(parseTrainState(text.replace('"sums":{', '"sums":{"__proto__":[1],'), "run.json").sums).toEqual(state.sums);
  });
});
