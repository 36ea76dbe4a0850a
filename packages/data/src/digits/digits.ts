import { ArgumentError } from "@gradus/tensor";
import { ImageDataset } from "../image/image-dataset.ts";
import { shuffle } from "../random/permutation.ts";
import { childKey, RandomStream, streamKey, type StreamKey } from "../random/stream.ts";
import { area, side } from "./canvas.ts";
import { drawDigit } from "./draw.ts";

export interface DigitsOptions {
  /** How many images; 12,000 for training and 2,000 for testing by default. */
  readonly count?: number;
  /** 0 by default. */
  readonly seed?: number;
  /** Which half: their streams share nothing. */
  readonly split: "train" | "test";
}

const defaultCounts = { train: 12_000, test: 2_000 } as const;

/**
 * Draws the synthetic `digits` set: 28x28 grey digits from pen strokes, bent, blurred and noisy. No human wrote them:
 * accuracy on them says nothing about handwriting.
 *
 * Image i of a seed and split is the same whatever `count` is, and on every engine. Each ten in a row hold every digit once.
 *
 * @throws ArgumentError for a count or seed that is not a whole number from 0.
 */
export function digits({ split, count = defaultCounts[split], seed = 0 }: DigitsOptions): ImageDataset {
  if (!Number.isSafeInteger(count) || count < 0)
    throw new ArgumentError("digits/count", `count must be a whole number of at least 0, not ${count}`, {
      subject: "digits",
      facts: { count },
    });
  const key = streamKey(seed, `digits/${split}`);
  const labelKey = streamKey(seed, `digits/${split}/labels`);
  const images = new Uint8Array(count * area);
  const labels = new Uint8Array(count);
  const canvas = new Float64Array(area);
  let order = new Uint8Array(10);
  for (let i = 0; i < count; i++) {
    if (i % 10 === 0) order = tenLabels(labelKey, i / 10);
    const digit = order[i % 10] ?? 0;
    labels[i] = digit;
    drawDigit(digit, new RandomStream(childKey(key, i)), canvas, images, i * area);
  }
  return new ImageDataset({
    images,
    labels,
    shape: [1, side, side],
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    mean: [0.0941],
    std: [0.2073],
    description: `digits, ${split}: ${count} synthetic images, seed ${seed}`,
  });
}

function tenLabels(key: StreamKey, block: number): Uint8Array<ArrayBuffer> {
  const labels = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  shuffle(labels, new RandomStream(childKey(key, block)));
  return labels;
}
