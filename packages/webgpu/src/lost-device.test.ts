import { Engine } from "@gradus/compile";
import { ImageDataset } from "@gradus/data";
import { bind, Conv2d, type Context, EVAL, Linear, Module } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { epochs, type FitResult, Trainer } from "@gradus/train";
import { flatten, relu, sum, type Tensor, useRuntime, zeros } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { WebgpuBackend } from "./backend.ts";
import { orMissing, testGpu } from "./test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

class SmallNet extends Module {
  readonly conv = new Conv2d(1, 3, { kernel: 3 });
  readonly output = new Linear(12, 2);

  override forward(x: Tensor, _ctx: Context = EVAL): Tensor {
    return this.output.forward(flatten(relu(this.conv.forward(x))));
  }
}

const train = new ImageDataset({
  images: Uint8Array.from({ length: 40 * 16 }, (_, i) => (i * i * 7 + 3 * i) % 256),
  labels: Uint8Array.from({ length: 40 }, (_, i) => i % 2),
  shape: [1, 4, 4],
  classes: ["even", "odd"],
});

describe.skipIf(gpu === null)(`a lost device${orMissing(found)}`, () => {
  async function fit(lostAtStep: number): Promise<{ result: FitResult; messages: string[] }> {
    const first = await WebgpuBackend.create(gpu === null ? {} : { gpu });
    const engine = new Engine(first);
    const before = useRuntime(engine);
    const messages: string[] = [];
    try {
      const trainer = new Trainer({
        model: bind(new SmallNet(), 1),
        optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
        batchSize: 8,
        seed: 2,
      });
      const result = await trainer.fit({
        train,
        length: epochs(2),
        progress: {
          step: ({ step }) => {
            if (step === lostAtStep && !first.lost) first.device.destroy();
          },
          message: (text) => void messages.push(text),
        },
      });
      return { result, messages };
    } finally {
      useRuntime(before);
      await engine.dispose();
    }
  }

  test("in the middle of training costs time, and the weights come out the same", { timeout: 120_000 }, async () => {
    const whole = await fit(-1);
    expect(whole.messages).toEqual([]);
    const disturbed = await fit(7);
    expect(disturbed.messages).toEqual(["the device was lost: going on from step 5 on a new one"]);
    expect(disturbed.result.reason).toBe("finished");
    expect([...disturbed.result.last]).toEqual([...whole.result.last]);
  });

  test("rejects what is under way and what comes after with one typed error, until the runtime recovers", async () => {
    const backend = await WebgpuBackend.create(gpu === null ? {} : { gpu });
    const engine = new Engine(backend);
    const before = useRuntime(engine);
    const pending = Promise.allSettled([sum(zeros([1000])).data()]);
    backend.device.destroy();
    expect(await pending).toMatchObject([{ status: "rejected", reason: { name: "BackendError", code: "backend/lost" } }]);
    await expect(sum(zeros([10])).data()).rejects.toMatchObject({
      code: "backend/lost",
      message: expect.stringContaining("the device was lost: it was destroyed"),
    });
    await engine.recover?.();
    expect(await sum(zeros([10])).item()).toBe(0);
    useRuntime(before);
    await engine.dispose();
  });
});
