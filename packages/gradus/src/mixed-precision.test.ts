import { afterAll, beforeAll, expect, test } from "vitest";
import { createRuntime, digits, type Engine, epochs, lenet5, type Precision, sgd, Trainer, useRuntime } from "./index.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createRuntime({ backend: "wasm" });
  useRuntime(engine);
});
afterAll(async () => {
  useRuntime(null);
  await engine.dispose();
});

async function accuracy(precision: Precision): Promise<number> {
  const model = lenet5({ seed: 1 });
  const trainer = new Trainer({ model, optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }), seed: 1, precision });
  await trainer.fit({ train: digits({ split: "train", count: 6000 }), length: epochs(3), keep: "last" });
  const scores = await trainer.evaluate(digits({ split: "test" }));
  model.free();
  return 100 * Number(scores["accuracy"]);
}

test("LeNet-5 learns the digits in halves to within 0.3 points of float32", { timeout: 240_000 }, async () => {
  const single = await accuracy("f32");
  const half = await accuracy("f16");
  expect(single).toBeGreaterThan(97);
  expect(Math.abs(half - single)).toBeLessThanOrEqual(0.3);
});
