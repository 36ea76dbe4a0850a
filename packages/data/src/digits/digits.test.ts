import { sha256 } from "@gradus/io";
import { describe, expect, it } from "vitest";
import { digits, type ImageDataset } from "../index.ts";
import { randomWarp } from "./warp.ts";
import { RandomStream, streamKey } from "../random/stream.ts";

describe("digits", () => {
  it("is the same set on every engine", () => {
    expect([sha256(digits({ split: "train", count: 100, seed: 1 }).images), sha256(digits({ split: "test", count: 100, seed: 1 }).images)])
      .toMatchInlineSnapshot(`
      [
        "0ec425a264e8a23829e6f729d3f4041a16fc588b1a0992f80ef69253d56c4dc6",
        "4d53ccbd2e6bbb449269f4b0a1f34d6658706e0c91b4510ece31197f3a8ff0ed",
      ]
    `);
  });

  it("draws image i the same whatever the count, and otherwise for another seed or split", () => {
    const many = digits({ split: "train", count: 50, seed: 3 });
    const few = digits({ split: "train", count: 23, seed: 3 });
    expect(few.images).toEqual(many.images.subarray(0, few.images.length));
    expect(few.labels).toEqual(many.labels.subarray(0, 23));
    expect(digits({ split: "train", count: 23, seed: 4 }).images).not.toEqual(few.images);
    expect(digits({ split: "test", count: 23, seed: 3 }).images).not.toEqual(few.images);
  });

  it("holds each digit equally often, no image twice, and nothing of one split in the other", () => {
    const train = digits({ split: "train", count: 3000 });
    const test = digits({ split: "test", count: 1000 });
    const counts = new Array<number>(10).fill(0);
    for (const label of train.labels) counts[label]! += 1;
    expect(counts).toEqual(new Array<number>(10).fill(300));
    const distinct = new Set(
      [train, test].flatMap((set) => Array.from({ length: set.length }, (_, i) => sha256(set.images.subarray(784 * i, 784 * (i + 1))))),
    );
    expect(distinct.size).toBe(4000);
  });

  it("is normalised by its own mean and deviation, and says that it is synthetic", () => {
    const set = digits({ split: "train" });
    expect(set.length).toBe(12_000);
    const { image } = set.slice(0, 4000).gather(Uint32Array.from({ length: 4000 }, (_, i) => i));
    const mean = image.data.reduce((sum, value) => sum + value, 0) / image.data.length;
    const variance = image.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / image.data.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
    expect(set.description).toMatch(/synthetic/);
  });

  it("keeps every digit within the image: no ink on the rim but noise and scratches", () => {
    const set = digits({ split: "train", count: 2000 });
    let inked = 0;
    for (let i = 0; i < set.length; i++) for (let x = 0; x < 28; x++) if ((set.images[784 * i + x] ?? 0) > 140) inked++;
    // Of 56,000 pixels in the top rows.
    expect(inked).toBeLessThan(200);
  });

  it("refuses a count or seed that is not a whole number", () => {
    expect(() => digits({ split: "train", count: 1.5 })).toThrow("count must be a whole number of at least 0, not 1.5");
    expect(() => digits({ split: "train", seed: -1 })).toThrow("a seed is a whole number");
  });

  it("is too hard for a linear model, which learns it but stays below 95 %", () => {
    const accuracy = softmaxRegression(
      digits({ split: "train", count: 10_000, seed: 1 }),
      digits({ split: "test", count: 2000, seed: 1 }),
      8,
    );
    expect(accuracy).toBeGreaterThan(0.85);
    expect(accuracy).toBeLessThan(0.95);
  });
});

describe("randomWarp", () => {
  const none = { rotation: 0, shear: 0, width: [10, 10], height: [20, 20], shift: 0, elastic: 0 } as const;
  const corners = (more: object) => {
    const path = [0, 0, 1, 0, 1, 1, 0, 1];
    randomWarp(new RandomStream(streamKey(1, "warp")), { ...none, ...more }, 13.5)(path);
    return path;
  };

  it("scales the unit box around the centre", () => {
    expect(corners({})).toEqual([8.5, 3.5, 18.5, 3.5, 18.5, 23.5, 8.5, 23.5]);
  });

  it("keeps lengths and angles when it only turns", () => {
    const [ax = 0, ay = 0, bx = 0, by = 0, cx = 0, cy = 0] = corners({ rotation: 0.5 });
    expect(Math.hypot(bx - ax, by - ay)).toBeCloseTo(10, 4);
    expect(Math.hypot(cx - bx, cy - by)).toBeCloseTo(20, 4);
    expect((bx - ax) * (cx - bx) + (by - ay) * (cy - by)).toBeCloseTo(0, 3);
    expect(by).not.toBeCloseTo(ay, 2);
  });
});

/** Test accuracy of a linear softmax model trained by gradient descent, one image at a time. */
function softmaxRegression(train: ImageDataset, test: ImageDataset, epochs: number): number {
  const indices = (set: ImageDataset) => Uint32Array.from({ length: set.length }, (_, i) => i);
  const [x, xt] = [train.gather(indices(train)).image.data, test.gather(indices(test)).image.data];
  const weights = new Float64Array(10 * 785);
  const scores = new Float64Array(10);
  const score = (data: typeof x, image: number) => {
    for (let k = 0; k < 10; k++) {
      let sum = weights[785 * k + 784] ?? 0;
      for (let j = 0; j < 784; j++) sum += (weights[785 * k + j] ?? 0) * (data[784 * image + j] ?? 0);
      scores[k] = sum;
    }
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 0.001 / (1 + epoch);
    for (let image = 0; image < train.length; image++) {
      score(x, image);
      const most = Math.max(...scores);
      let total = 0;
      for (let k = 0; k < 10; k++) total += scores[k] = Math.exp((scores[k] ?? 0) - most);
      for (let k = 0; k < 10; k++) {
        const slope = rate * ((scores[k] ?? 0) / total - (train.labels[image] === k ? 1 : 0));
        for (let j = 0; j < 784; j++) weights[785 * k + j]! -= slope * (x[784 * image + j] ?? 0);
        weights[785 * k + 784]! -= slope;
      }
    }
  }
  let right = 0;
  for (let image = 0; image < test.length; image++) {
    score(xt, image);
    if (scores.indexOf(Math.max(...scores)) === test.labels[image]) right++;
  }
  return right / test.length;
}
