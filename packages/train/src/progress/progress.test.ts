import { describe, expect, it } from "vitest";
import { memoryClock } from "@gradus/io";
import { formatSeconds, plainProgress, type StepInfo, terminalProgress } from "../index.ts";

const info = (batch: number): StepInfo => ({
  step: batch,
  epoch: 2,
  epochs: 5,
  batch,
  batches: 188,
  loss: 0.061234,
  scores: () => ({ loss: 0.07, accuracy: 0.97351 }),
  samplesPerSecond: 12_345.6,
  secondsLeft: 125,
});
const record = { epoch: 2, step: 376, learningRate: 0.01, train: { loss: 0.07, accuracy: 0.9735 }, validation: { loss: 0.05, accuracy: 0.98 }, seconds: 4.2 };

describe("progress on a terminal", () => {
  it("is one line, at most ten times a second", () => {
    const clock = memoryClock();
    const written: string[] = [];
    const progress = terminalProgress({ write: (text) => void written.push(text), clock, columns: () => 120, colour: false });
    for (let batch = 1; batch <= 100; batch++) {
      progress.step?.(info(batch));
      void clock.sleep(10);
    }
    expect(written).toHaveLength(10);
    expect(written[0]).toBe("\r\u001B[2Kepoch 2/5  batch 1/188  loss 0.06123  accuracy 97.35 %  12,346 images/s  2 min 05 s left");
    expect(written.join("")).not.toContain("\n");
  });

  it("drops what a narrow terminal has no room for", () => {
    for (const columns of [80, 40, 20, 5, 1]) {
      const written: string[] = [];
      terminalProgress({ write: (text) => void written.push(text), clock: memoryClock(), columns: () => columns, colour: false }).step?.(info(7));
      const line = written.join("").replace("\r\u001B[2K", "");
      expect(line.length).toBeLessThan(Math.max(2, columns));
      if (columns === 40) expect(line).toBe("epoch 2/5  batch 7/188  loss 0.06123");
    }
  });

  it("takes a terminal that does not say how wide it is for 80 columns", () => {
    const line = (columns: number) => {
      const written: string[] = [];
      terminalProgress({ write: (text) => void written.push(text), clock: memoryClock(), columns: () => columns }).step?.(info(7));
      return written;
    };
    expect(line(0)).toEqual(line(80));
  });

  it("puts messages and epochs above the line, and leaves none behind", () => {
    const written: string[] = [];
    const progress = terminalProgress({ write: (text) => void written.push(text), clock: memoryClock(), columns: () => 30, colour: false });
    progress.step?.(info(7));
    progress.message?.("saved");
    progress.epoch?.({ record, epochs: 5, samplesPerSecond: 3000, isBest: true });
    progress.end?.();
    expect(written.slice(1)).toEqual([
      "\r\u001B[2Ksaved\nepoch 2/5  batch 7/188",
      "\r\u001B[2K",
      "epoch 2/5  train loss 0.07000 accuracy 97.35 %  test loss 0.05000 accuracy 98.00 % (best)  3,000 images/s  4 s\n",
    ]);
  });

  it("has colour only if asked for", () => {
    const coloured: string[] = [];
    terminalProgress({ write: (text) => void coloured.push(text), clock: memoryClock(), columns: () => 80 }).step?.(info(7));
    expect(coloured.join("")).toContain("\u001B[2mepoch");
  });
});

describe("progress in a pipe", () => {
  it("is plain lines: each epoch, and every 30 seconds", () => {
    const clock = memoryClock();
    const written: string[] = [];
    const progress = plainProgress({ write: (text) => void written.push(text), clock });
    for (let batch = 1; batch <= 65; batch++) {
      void clock.sleep(1000);
      progress.step?.(info(batch));
    }
    progress.epoch?.({ record, epochs: 5, samplesPerSecond: 3000, isBest: false });
    expect(written.map((line) => line.split("  ")[1])).toEqual(["batch 30/188", "batch 60/188", "train loss 0.07000 accuracy 97.35 %"]);
    expect(written.every((line) => line.endsWith("\n") && !line.includes("\u001B"))).toBe(true);
  });

  it("says times as people do", () => {
    expect([0.4, 59.6, 61, 3660, -3].map(formatSeconds)).toEqual(["0 s", "1 min 00 s", "1 min 01 s", "1 h 01 min", "0 s"]);
  });
});
