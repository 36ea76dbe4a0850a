import { foldKey, fromHost, grad, key, keyTensor, mean, normal, ones, sum, type Tensor, variance } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import {
  AlphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  DropBlock2d,
  EVAL,
  GaussianNoise,
  type Layer,
  Sequential,
  StochasticDepth,
  TRAIN,
  training,
} from "../src/index.ts";
import { fill } from "./support/fill.ts";
import { onReference } from "./support/runtime.ts";

onReference();

const keyed = (seed: number): Tensor => keyTensor(foldKey(key(seed), "noise"));
const noisy = training(keyed(1));
const layers: readonly (readonly [string, () => Layer])[] = [
  ["Dropout", () => new Dropout(0.3)],
  ["Dropout2d", () => new Dropout2d(0.3)],
  ["AlphaDropout", () => new AlphaDropout(0.3)],
  ["DropBlock2d", () => new DropBlock2d(0.3, 2)],
  ["StochasticDepth", () => new StochasticDepth(0.3)],
  ["GaussianNoise", () => new GaussianNoise(0.3)],
];

describe.each(layers)("%s", (_, make) => {
  const x = fromHost([4, 3, 6, 6], "float32", fill(1, [4, 3, 6, 6]));

  test("does nothing in evaluation", () => {
    expect(make().forward(x, EVAL)).toBe(x);
    expect(make().forward(x)).toBe(x);
  });

  test("is a function of the key, and needs one in training", async () => {
    const layer = make();
    const run = async (seed: number): Promise<unknown> => layer.forward(x, training(keyed(seed))).data();
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
    expect(() => new Sequential(layer).forward(x, TRAIN)).toThrow(
      expect.objectContaining({ code: "dropout/no-key", subject: layer.constructor.name }),
    );
  });

  test("has a gradient", async () => {
    const [dx] = grad((input) => sum(make().forward(input, noisy)))(x);
    expect((await dx?.data())?.every(Number.isFinite)).toBe(true);
  });
});

test.each<[string, Layer, number[]]>([
  ["Dropout1d", new Dropout1d(0.5), [40, 10, 7]],
  ["Dropout2d", new Dropout2d(0.5), [40, 10, 3, 3]],
  ["Dropout3d", new Dropout3d(0.5), [40, 10, 2, 2, 2]],
])("%s drops whole channels, half of them", async (_, layer, shape) => {
  const sums = await mean(layer.forward(ones(shape), noisy), { axis: shape.slice(2).map((_extent, i) => i + 2) }).data();
  expect(new Set(sums)).toEqual(new Set([0, 2]));
  expect(sums.filter((value) => value === 0).length / sums.length).toBeCloseTo(0.5, 1);
});

test("AlphaDropout keeps mean 0 and variance 1", async () => {
  const x = normal([4000], { key: keyed(3) });
  const y = new AlphaDropout(0.2).forward(x, noisy);
  expect(await mean(y).item()).toBeCloseTo(await mean(x).item(), 1);
  expect(await variance(y).item()).toBeCloseTo(1, 1);
  const values = await y.data();
  const groups = [...Map.groupBy(values, (value) => value).values()];
  expect(Math.max(...groups.map(({ length }) => length)) / 4000).toBeCloseTo(0.2, 1);
});

test("DropBlock2d drops squares, about the share asked for, and keeps the sum", async () => {
  const shape = [16, 4, 12, 12];
  const y = Array.from(await new DropBlock2d(0.2, 3).forward(ones(shape), noisy).data());
  const zeros = y.filter((value) => value === 0).length / y.length;
  expect(zeros).toBeGreaterThan(0.12);
  expect(zeros).toBeLessThan(0.22);
  expect(y.reduce((total, value) => total + value, 0) / y.length).toBeCloseTo(1, 4);
  // No zero stands alone: each lies in a square of three by three zeros.
  const zero = (plane: number, row: number, column: number): boolean => y[(plane * 12 + row) * 12 + column] === 0;
  const inSquare = (plane: number, row: number, column: number): boolean =>
    [-2, -1, 0].some((up) =>
      [-2, -1, 0].some((left) =>
        [0, 1, 2].every((i) =>
          [0, 1, 2].every((j) => {
            const [r, c] = [row + up + i, column + left + j];
            return r >= 0 && c >= 0 && r < 12 && c < 12 && zero(plane, r, c);
          }),
        ),
      ),
    );
  for (let at = 0; at < y.length; at++) {
    const [plane, row, column] = [Math.floor(at / 144), Math.floor(at / 12) % 12, at % 12];
    if (zero(plane, row, column)) expect(inSquare(plane, row, column)).toBe(true);
  }
});

test("StochasticDepth decides sample by sample, or for the whole batch", async () => {
  const rows = await new StochasticDepth(0.5).forward(ones([200, 2]), noisy).data();
  expect(new Set(rows)).toEqual(new Set([0, 2]));
  for (let row = 0; row < 200; row++) expect(rows[2 * row]).toBe(rows[2 * row + 1]);
  for (let seed = 0; seed < 6; seed++) {
    expect(new Set(await new StochasticDepth(0.5, { mode: "batch" }).forward(ones([20, 2]), training(keyed(seed))).data()).size).toBe(1);
  }
});

test("GaussianNoise adds noise of its standard deviation", async () => {
  const y = new GaussianNoise(0.5).forward(ones([4000]), noisy);
  expect(await mean(y).item()).toBeCloseTo(1, 1);
  expect(await variance(y).item()).toBeCloseTo(0.25, 1);
});

test("p = 1 drops everything", async () => {
  for (const layer of [new Dropout2d(1), new AlphaDropout(1), new StochasticDepth(1)]) {
    expect((await layer.forward(ones([2, 2]), noisy).data()).every((value) => value === 0)).toBe(true);
  }
});

test("what is no probability, size or deviation is refused", () => {
  for (const make of [
    () => new Dropout3d(2),
    () => new AlphaDropout(-0.1),
    () => new StochasticDepth(Number.NaN),
    () => new DropBlock2d(1.1, 2),
  ]) {
    expect(make).toThrow(expect.objectContaining({ code: "argument/probability" }));
  }
  expect(() => new DropBlock2d(0.1, 0)).toThrow(expect.objectContaining({ code: "argument/window" }));
  expect(() => new DropBlock2d(0.1, 7).forward(ones([1, 1, 6, 8]), noisy)).toThrow("blocks of 7 by 7 do not fit into [1, 1, 6, 8]");
  expect(() => new GaussianNoise(-1)).toThrow(expect.objectContaining({ code: "argument/std" }));
});
