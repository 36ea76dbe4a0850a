import { describe, expect, test } from "vitest";
import { gradients } from "../../grad.ts";
import { useRuntime } from "../../runtime.ts";
import type { Tensor } from "../../tensor.ts";
import { expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { sum } from "../reduce/sum.ts";
import { tensor } from "../source/creation.ts";
import { permute } from "../view/permute.ts";
import { index } from "./advanced.ts";
import { maskedSelect, nonzero, unique } from "./data-dependent.ts";
import { embeddingBag } from "./embedding-bag.ts";
import { maskedFill, scatter } from "./scatter.ts";

const ints = (...values: number[]) => tensor(Int32Array.from(values));
const values = (x: Tensor): number[] => [...(evaluate(x)[0] ?? [])];
const counted = (...shape: number[]) =>
  leaf(
    { shape, dtype: "float32" },
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );

describe("index", () => {
  test("pairs index tensors, and puts their axes where the indexed ones were, or first", () => {
    const x = counted(2, 3, 4);
    expect(values(index(x, [ints(0, 1), ints(2, -1)]))).toEqual([8, 9, 10, 11, 20, 21, 22, 23]);
    expect(index(x, [null, ints(0, 1, 2, 0, 1), ints(0)]).shape).toEqual([2, 5]);
    expect(index(x, [ints(0, 1), null, ints(3, 0)]).shape).toEqual([2, 3]);
    expect(values(index(x, [ints(0, 1), null, ints(3, 0)]))).toEqual([3, 7, 11, 12, 16, 20]);
  });

  test("mixes numbers, ranges and tensors that broadcast", () => {
    const x = counted(4, 5, 6);
    expect(values(index(x, [-1, { start: 1, step: 2 }, ints(0, 5)]))).toEqual([96, 101, 108, 113]);
    const rows = tensor(Int32Array.of(0, 2), { shape: [2, 1] });
    expect(index(x, [rows, ints(0, 1, 2)]).shape).toEqual([2, 3, 6]);
    expect(index(x, [null, { step: -1 }]).shape).toEqual([4, 5, 6]);
    expect(index(x, [ints()]).shape).toEqual([0, 5, 6]);
  });

  test("sums the gradient of an element read twice", () => {
    expectGradients((x) => index(x, [ints(0, 2, 0), ints(1, 1, 1)]), [randomLeaf([3, 4, 2])]);
  });

  test("refuses what it cannot mean", () => {
    const x = counted(2, 3);
    expect(() => index(x, [0, 0, 0])).toThrow(expect.objectContaining({ code: "argument/index" }));
    expect(() => index(x, [tensor([true, false])])).toThrow(expect.objectContaining({ code: "argument/index-mask" }));
    expect(() => index(x, [tensor([0.5])])).toThrow(expect.objectContaining({ code: "dtype/index" }));
    expect(() => index(x, [ints(0, 1), ints(0, 1, 2)])).toThrow(expect.objectContaining({ code: "shape/index" }));
  });
});

describe("scatter", () => {
  test("the last of repeated places stays", () => {
    expect(values(scatter(counted(4), ints(1, 3, 1, 1), tensor([10, 20, 30, 40])))).toEqual([0, 40, 2, 20]);
    expect(values(scatter(counted(2, 3), tensor(Int32Array.of(2), { shape: [1, 1] }), 9, { axis: 1 }))).toEqual([0, 1, 9, 3, 4, 5]);
    expect(scatter(counted(4), ints(), tensor([])).shape).toEqual([4]);
  });

  test("gradients reach what was put in and what was left", () => {
    const places = tensor(Int32Array.of(0, 2, 2, 1, 1, 0), { shape: [2, 3] });
    expectGradients((x = places, src = places) => scatter(x, places, src, { axis: 1 }), [randomLeaf([3, 4]), randomLeaf([2, 3], 2)]);
  });

  test("keeps integers", () => {
    const y = scatter(ints(1, 2, 3), ints(0), ints(16777217));
    expect(y.dtype).toBe("int32");
    expect(values(y)).toEqual([16777217, 2, 3]);
  });

  test("refuses what does not fit", () => {
    expect(() => scatter(counted(3), ints(0, 1), tensor([1]))).toThrow(expect.objectContaining({ code: "shape/scatter" }));
    expect(() => scatter(counted(0), ints(0), tensor([1]))).toThrow(expect.objectContaining({ code: "shape/scatter" }));
    expect(() => scatter(counted(3), tensor([0.5]), tensor([1]))).toThrow(expect.objectContaining({ code: "dtype/index" }));
  });
});

test("a mask fills, broadcast", () => {
  expect(values(maskedFill(counted(2, 3), tensor([true, false, true]), -1))).toEqual([-1, 1, -1, -1, 4, -1]);
  expect(() => maskedFill(counted(2), tensor([true, false, true]), 0)).toThrow(expect.objectContaining({ code: "shape/expand" }));
});

describe("results whose size the data decides", () => {
  test("nonzero and unique", async () => {
    const x = tensor([
      [0, 2, 0],
      [2, 0, -1],
    ]);
    const places = await nonzero(x);
    expect([places.shape, values(places)]).toEqual([
      [3, 2],
      [0, 1, 1, 0, 1, 2],
    ]);
    const { values: different, inverse, counts } = await unique(x);
    expect([values(different), values(inverse), values(counts)]).toEqual([
      [-1, 0, 2],
      [1, 2, 1, 2, 1, 0],
      [1, 3, 2],
    ]);
    expect(values((await unique(tensor([Number.NaN, 1, Number.NaN, 1]))).counts)).toEqual([2, 1, 1]);
    expect((await nonzero(tensor([]))).shape).toEqual([0, 1]);
  });

  test("maskedSelect is differentiable in what it selects from", async () => {
    const x = randomLeaf([2, 3]);
    const mask = tensor([
      [true, false, true],
      [true, false, true],
    ]);
    const positions = Int32Array.of(0, 2, 3, 5);
    const y = await maskedSelect(x, mask);
    expect(values(y)).toEqual([...positions].map((i) => values(x)[i]));
    expect(gradients(sum(y), [x]).map(values)).toEqual([[1, 0, 1, 1, 0, 1]]);
  });
});

test("a mask broadcasts, and is computed before it is read", async () => {
  const before = useRuntime({
    name: "interpreter",
    keep: () => Promise.resolve([]),
    evaluate: (tensors) => {
      for (const each of tensors) each.settle(Uint8Array.from(evaluate(each)[0] ?? []));
      return Promise.resolve();
    },
  });
  try {
    expect(values(await maskedSelect(counted(2, 3), tensor([true, false, true])))).toEqual([0, 2, 3, 5]);
    await expect(maskedSelect(counted(2), tensor([true, false, true]))).rejects.toThrow(expect.objectContaining({ code: "shape/expand" }));
  } finally {
    useRuntime(before);
  }
});

describe("embeddingBag", () => {
  const weight = randomLeaf([5, 3]);
  const places = ints(4, 0, 0, 2, 1);
  const offsets = ints(0, 2, 2, 3);

  test.each(["sum", "mean", "max"] as const)("%s of a bag, zeros for an empty one", (mode) => {
    const table = values(weight);
    const row = (i: number): number[] => table.slice(3 * i, 3 * i + 3);
    const join = (rows: readonly number[][]): number[] =>
      [0, 1, 2].map((j) => {
        const column = rows.map((each) => each[j] ?? 0);
        const total = column.reduce((a, b) => a + b, 0);
        return rows.length === 0 ? 0 : mode === "sum" ? total : mode === "mean" ? total / rows.length : Math.max(...column);
      });
    const want = [[row(4), row(0)], [], [row(0)], [row(2), row(1)]].flatMap(join);
    values(embeddingBag(places, weight, { offsets, mode })).forEach((v, i) => expect(v).toBeCloseTo(want[i] ?? 0, 12));
    expectGradients((table) => embeddingBag(places, table, { offsets, mode }), [weight], { second: mode !== "max" });
  });

  test("refuses what does not fit", () => {
    expect(() => embeddingBag(places, weight)).toThrow(expect.objectContaining({ code: "shape/embedding-bag" }));
    expect(() => embeddingBag(tensor([0.5]), weight, { offsets })).toThrow(expect.objectContaining({ code: "dtype/index" }));
  });
});

test("a transposed tensor is indexed by its own axes", () => {
  expect(values(index(permute(counted(2, 3), [1, 0]), [ints(0, 2), ints(1, 0)]))).toEqual([3, 2]);
});
