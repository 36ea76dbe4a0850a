import { beforeAll, describe, expect, it } from "vitest";
import { tensor, type Tensor } from "@gradus/tensor";
import { accuracy, confusionMatrix, epochs, meanLoss, type Metric, type Scored, top5, topK } from "../index.ts";
import { Tally } from "./tally.ts";
import { install, tinyImages, tinyTrainer } from "../tiny.test.support.ts";

beforeAll(() => void install("reference"));

function scored(output: number[][], label: number[], weight = label.map(() => 1)): Scored {
  return { output: tensor(output), batch: { label: tensor(label, { dtype: "int32" }) }, weight: tensor(weight), loss: tensor(0.5) };
}

async function value(metric: Metric, ...batches: Scored[]) {
  const tally = new Tally([metric]);
  for (const batch of batches) tally.add([await Promise.all(metric.update(batch).map((sums: Tensor) => sums.data()))]);
  return tally.scores()[metric.name];
}

describe("metrics", () => {
  const batch = scored([[1, 3, 2], [5, 1, 4], [0, 0, 0], [2, 2, 1]], [1, 2, 2, 1]);

  it("count right answers, the first of equals being the answer", async () => {
    expect(await value(accuracy, batch)).toBe(1 / 4);
    expect(await value(topK(2), batch)).toBe(3 / 4);
    expect(await value(top5, batch)).toBe(1);
  });

  it("leave repeats out", async () => {
    const masked = scored([[1, 0], [0, 1], [0, 1]], [0, 0, 1], [1, 1, 0]);
    expect(await value(accuracy, masked)).toBe(1 / 2);
    expect(await value(confusionMatrix(2), masked)).toEqual([[1, 1], [0, 0]]);
    expect(await value(meanLoss, masked)).toBe(0.5);
  });

  it("never call NaN right, nor what stands beside it the highest", async () => {
    const nan = scored([[Number.NaN, Number.NaN], [0, Number.NaN]], [0, 0]);
    expect(await value(accuracy, nan)).toBe(0);
    expect(await value(top5, nan)).toBe(1 / 2);
  });

  it("tabulate classes against answers", async () => {
    expect(await value(confusionMatrix(3), batch, scored([[0, 0, 1]], [0]))).toEqual([[0, 0, 1], [1, 1, 0], [2, 0, 0]]);
  });

  it("say what they need", () => {
    expect(() => accuracy.update({ ...batch, batch: {} })).toThrow("accuracy: accuracy needs outputs [b, classes] and batches with a label [b]");
    expect(() => confusionMatrix(4).update(batch)).toThrow("the matrix has 4 classes and the model 3");
    expect(() => topK(0)).toThrow("k must be a whole number of at least 1, not 0");
  });

  it("do not depend on the batch size", async () => {
    const { trainer } = tinyTrainer({ metrics: [accuracy, confusionMatrix(3)] });
    const set = tinyImages(23);
    await trainer.fit({ train: set, length: epochs(1) });
    const whole = await trainer.evaluate(set, { batchSize: 23 });
    for (const batchSize of [1, 5, 8]) {
      const { loss, ...counts } = await trainer.evaluate(set, { batchSize });
      expect(counts).toEqual({ accuracy: whole["accuracy"], confusion: whole["confusion"] });
      expect(loss).toBeCloseTo(whole.loss, 6);
    }
  });
});
