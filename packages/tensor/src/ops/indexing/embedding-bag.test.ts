import { expect, test } from "vitest";
import { randomLeaf } from "../../test/compare.ts";
import { evaluate } from "../../test/evaluate.ts";
import { tensor } from "../source/creation.ts";
import { embeddingBag } from "./embedding-bag.ts";

const withCode = (code: string): unknown => expect.objectContaining({ code });
const table = randomLeaf([3, 2], 1);
const integers = (...values: number[]) => tensor(Int32Array.from(values));

test("nothing in bags is zeros", () => {
  const offsets = integers(0, 0);
  for (const mode of ["sum", "mean", "max"] as const)
    expect([...(evaluate(embeddingBag(integers(), table, { offsets, mode }))[0] ?? [])]).toEqual([0, 0, 0, 0]);
});

test("refuses what does not fit", () => {
  const index = integers(0, 1, 2);
  expect(() => embeddingBag(index, table)).toThrow(withCode("shape/embedding-bag"));
  expect(() => embeddingBag(tensor([0, 1]), table, { offsets: integers(0) })).toThrow(withCode("dtype/index"));
  expect(() => embeddingBag(index, table, { offsets: integers(0), perSampleWeights: tensor([1, 1, 1]) })).toThrow(
    withCode("argument/bag-weights"),
  );
  expect(() => embeddingBag(index, table, { offsets: integers(0), mode: "sum", perSampleWeights: tensor([1]) })).toThrow(
    withCode("shape/embedding-bag"),
  );
});
