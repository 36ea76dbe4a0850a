import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryFileSystem } from "@gradus/io";
import { bind } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { type DType, useRuntime } from "@gradus/tensor";
import {
  type Checkpoint,
  checkpointFile,
  encodeTrainState,
  epochs,
  type FitResult,
  loadModel,
  parseTrainState,
  steps,
  Trainer,
  type TrainerSettings,
} from "./index.ts";
import { install, poisoned, tinyImages, TinyNet, tinyTrainer } from "./tiny.test.support.ts";

const train = tinyImages(21);
const validation = tinyImages(9, 100);

beforeEach(() => void install("wasm"));
afterEach(() => void useRuntime(null));

const halves = { precision: "f16" } as const;
/** Gradients of a mean over eight samples times this are beyond the halves. */
const tooLarge = { precision: "f16", lossScale: { initial: 2 ** 24 } } as const;

describe("mixed precision", () => {
  it("computes training steps in halves and evaluates in float32; parameters and slots stay float32", async () => {
    const model = bind(new TinyNet(), 3);
    const seen: DType[] = [];
    const trainer = new Trainer({
      model,
      optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
      batchSize: 7,
      ...halves,
      predict: ({ image }, context) => {
        const output = model.forward(image, context);
        seen.push(output.dtype);
        return output;
      },
    });
    const { checkpoint } = await trainer.fit({ train, length: epochs(1) });
    expect(new Set(seen)).toEqual(new Set(["float16"]));
    await trainer.evaluate(validation);
    expect(seen.at(-1)).toBe("float32");
    for (const { dtype } of checkpoint.weights.values()) expect(dtype).toBe("float32");
    for (const [name, { dtype }] of checkpoint.optimizer) expect(dtype).toBe(name === "step" ? "int32" : "float32");
  });

  it("learns as in float32, to other bits", async () => {
    const run = async (settings: Partial<TrainerSettings<never>>) => {
      const { trainer } = tinyTrainer(settings);
      return trainer.fit({ train: tinyImages(96), validation, length: epochs(8), keep: "last" });
    };
    const [half, single] = [await run(halves), await run({})];
    expect(half.last).not.toEqual(single.last);
    const losses = [half, single].map(({ history }) => history.at(-1)?.validation?.loss ?? Number.NaN);
    expect(losses[0]).toBeCloseTo(losses[1] ?? 0, 2);
  });

  it("leaves out a step whose gradients overflow: nothing changes but the scale, which is halved", async () => {
    const stop = new AbortController();
    const { model, trainer } = tinyTrainer(tooLarge);
    const before = await model.stateDict();
    const messages: string[] = [];
    const message = (text: string): void => {
      messages.push(text);
      stop.abort();
    };
    const { state, last, checkpoint } = await trainer.fit({ train, length: epochs(2), signal: stop.signal, progress: { message } });
    expect(messages).toEqual(["gradients overflowed float16 with the loss scale 16777216; skipped a batch and halved the scale"]);
    expect(state).toMatchObject({ step: 0, skipped: 1, samplesSeen: 8, lossScale: { scale: 2 ** 23, finiteSteps: 0 } });
    expect(last).toEqual(before);
    for (const { data } of checkpoint.optimizer.values()) expect(data.every((value) => value === 0)).toBe(true);
  });

  it("goes on with the first scale that does not overflow, and doubles it after enough steps", async () => {
    const { trainer } = tinyTrainer({ ...tooLarge, lossScale: { initial: 2 ** 24, doubleAfter: 1000 } });
    const { reason, state } = await trainer.fit({ train, length: epochs(8) });
    expect(reason).toBe("finished");
    expect(state.skipped).toBeGreaterThan(2);
    expect(state.skipped).toBeLessThan(16);
    expect(state.step).toBe(24 - state.skipped);
    expect(state.lossScale).toEqual({ scale: 2 ** (24 - state.skipped), finiteSteps: expect.any(Number) as number });

    const doubling = tinyTrainer({ ...halves, lossScale: { initial: 16, doubleAfter: 2 } });
    const { state: doubled } = await doubling.trainer.fit({ train, length: steps(5) });
    expect(doubled.lossScale).toEqual({ scale: 64, finiteSteps: 1 });
  });

  it("does not blame the scale for a loss that is not finite", async () => {
    const { trainer } = tinyTrainer(halves);
    const { reason, failure } = await trainer.fit({ train: poisoned(train, 4), length: epochs(1) });
    expect(reason).toBe("non-finite");
    expect(failure?.message).toContain("image was NaN to begin with");
  });

  it("refuses a scale that would round, and another precision when a run goes on", async () => {
    expect(() => tinyTrainer({ ...halves, lossScale: { initial: 1000 } })).toThrow("a loss scale cannot begin at 1000");
    const { trainer } = tinyTrainer(halves);
    const { checkpoint } = await trainer.fit({ train, length: steps(1) });
    const single = tinyTrainer().trainer.fit({ train, length: steps(1), resume: checkpoint });
    await expect(single).rejects.toThrow("the run was begun with precision f16 and cannot go on with f32");
  });
});

describe("a resumed run in mixed precision", () => {
  /** Overflows at first, and doubles its scale on the way. */
  const settings = { ...tooLarge, lossScale: { initial: 2 ** 20, doubleAfter: 3 } };

  async function stoppedAt(step: number, resume?: Checkpoint): Promise<FitResult> {
    const stop = new AbortController();
    const { trainer } = tinyTrainer(settings);
    return trainer.fit({
      train,
      validation,
      length: epochs(4),
      signal: stop.signal,
      keep: "last",
      ...(resume === undefined ? {} : { resume }),
      progress: { step: (info) => (info.step === step ? stop.abort() : undefined) },
    });
  }

  /** What must not depend on where a run was interrupted; times may. */
  function essence({ state, last, checkpoint }: FitResult) {
    const { epochSeconds: _, seconds: __, history, ...rest } = state;
    return { ...rest, losses: history.map(({ train: scores }) => scores.loss), last, optimizer: checkpoint.optimizer };
  }

  it("ends bit for bit as if never interrupted, its loss scale too, also through a file", async () => {
    const whole = await stoppedAt(-1);
    expect(whole.state.skipped).toBeGreaterThan(1);
    expect(whole.state.lossScale?.scale).toBeGreaterThan(2 ** (20 - whole.state.skipped));
    const fs = memoryFileSystem();
    for (let step = 1; step <= whole.state.step; step++) {
      const { checkpoint } = await stoppedAt(step);
      await checkpointFile("/run.safetensors", { fs }).save(checkpoint);
      const { checkpoint: read } = await loadModel("/run.safetensors", { fs });
      expect(read).toEqual(checkpoint);
      expect(essence(await stoppedAt(-1, read ?? undefined))).toEqual(essence(whole));
    }
  });

  it("reads records from before there was a choice as float32's", async () => {
    const { state } = await tinyTrainer().trainer.fit({ train, length: epochs(1) });
    const older = encodeTrainState(state).replace(',"precision":"f32"', "").replace(',"lossScale":null', "");
    expect(older).not.toContain("precision");
    expect(parseTrainState(older, "test")).toEqual(state);
  });
});
