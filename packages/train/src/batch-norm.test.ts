import type { ImageBatch } from "@gradus/data";
import { BatchNorm1d, bind, type Context, EVAL, Linear, Module } from "@gradus/nn";
import { sgd } from "@gradus/optim";
import { flatten, relu, type Tensor } from "@gradus/tensor";
import { beforeEach, expect, it } from "vitest";
import { epochs, Trainer, type TrainerOptions } from "./index.ts";
import { install, poisoned, tinyImages } from "./tiny.test.support.ts";

class NormedNet extends Module {
  readonly hidden = new Linear(4, 6);
  readonly norm = new BatchNorm1d(6);
  readonly output = new Linear(6, 3);

  override forward(x: Tensor, ctx: Context = EVAL): Tensor {
    return this.output.forward(relu(this.norm.forward(this.hidden.forward(flatten(x)), ctx)));
  }
}

function trainerOf(options: Partial<Omit<TrainerOptions<ImageBatch>, "model">> = {}): { model: NormedNet; trainer: Trainer } {
  const model = bind(new NormedNet(), 3);
  return {
    model,
    trainer: new Trainer({ model, optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }), batchSize: 8, seed: 5, ...options }),
  };
}

beforeEach(() => void install("reference"));

it("running statistics follow the training, and are part of the best and the last weights", async () => {
  const { model, trainer } = trainerOf();
  const { history, best, last } = await trainer.fit({
    train: tinyImages(96),
    validation: tinyImages(9, 100),
    length: epochs(8),
    keep: "last",
  });
  expect(Number(history.at(-1)?.validation?.["accuracy"])).toBeGreaterThan(0.8);
  expect(await model.norm.num_batches_tracked?.item()).toBe(96);
  for (const weights of [best, last]) expect([...weights.keys()]).toContain("norm.running_var");
  expect(last.get("norm.running_mean")?.data).toEqual(await model.norm.running_mean?.data());
});

it("evaluating changes no statistics, and a step that was not finite changes none", async () => {
  const { model, trainer } = trainerOf();
  await trainer.evaluate(tinyImages(9));
  expect(await model.norm.num_batches_tracked?.item()).toBe(0);
  const { reason } = await trainer.fit({ train: poisoned(tinyImages(8), 3), length: epochs(1) });
  expect(reason).toBe("non-finite");
  expect(await model.norm.num_batches_tracked?.item()).toBe(0);
  expect([...((await model.norm.running_mean?.data()) ?? [])]).toEqual([0, 0, 0, 0, 0, 0]);
});

it("a last batch of one sample is refused by name, with the ways out, and these help", async () => {
  const train = tinyImages(17);
  await expect(trainerOf().trainer.fit({ train, length: epochs(1) })).rejects.toThrow(
    /BatchNorm1d: a batch of \[1, 6\] has one value for each channel[^]*lastBatch "drop" or "spread"[^]*in NormedNet\.norm \(BatchNorm1d\)/,
  );
  for (const lastBatch of ["drop", "spread"] as const) {
    expect((await trainerOf({ lastBatch }).trainer.fit({ train, length: epochs(1) })).reason).toBe("finished");
  }
});
