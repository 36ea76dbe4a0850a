import fc from "fast-check";
import { expect, test } from "vitest";
import { ArgumentError } from "../../errors.ts";
import { expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { permute } from "../view/permute.ts";
import { iota } from "../source/iota.ts";
import { mergeRuns } from "./merge-runs.ts";
import { orderByRank } from "./rank.ts";
import { argsort, sort, topk } from "./sort.ts";

/** JavaScript's own stable sort of positions; a NaN is the largest. */
function order(values: readonly number[], descending: boolean): number[] {
  const key = (v: number): number => (Number.isNaN(v) ? 1e9 : v);
  return values.map((_, i) => i).sort((a, b) => (descending ? -1 : 1) * (key(values[a] ?? 0) - key(values[b] ?? 0)));
}

test("positions are those of a stable sort, at any length, both ways, with ties and NaN", () => {
  const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), fc.boolean(), (values, descending) => {
      const x = leaf({ shape: [values.length], dtype: "float32" }, values);
      expect([...(evaluate(argsort(x, { descending }))[0] ?? [])]).toEqual(order(values, descending));
    }),
    { numRuns: 150, seed: 1 },
  );
});

test("an axis too long to count is merged, with the same order", () => {
  for (const descending of [false, true]) {
    const values = Array.from({ length: 300 }, (_, i) => (i % 97 === 5 ? Number.NaN : ((i * 7919) % 50) - 25));
    const x = leaf({ shape: [300], dtype: "float32" }, values);
    expect([...(evaluate(argsort(x, { descending }))[0] ?? [])]).toEqual(order(values, descending));
  }
});

test("passes of merging sort by themselves, whatever the length", () => {
  for (const n of [1, 2, 3, 5, 16, 31, 33]) {
    const x = randomLeaf([2, n], n);
    let merged = iota([2, n], 1);
    for (let run = 1; run < n; run *= 2) merged = mergeRuns(x, merged, run, true);
    expect(evaluate(merged)[0]).toEqual(evaluate(orderByRank(x, true))[0]);
  }
});

test("any axis of any layout is sorted", () => {
  const x = permute(randomLeaf([3, 4, 5]), [2, 0, 1]);
  const [given = new Float64Array()] = evaluate(x);
  for (const [axis, extent] of x.shape.entries()) {
    const { values, indices } = sort(x, { axis });
    const [sorted = new Float64Array(), from = new Float64Array()] = evaluate(values, indices);
    const stride = [12, 4, 1][axis] ?? 1;
    for (let i = 0; i < x.size; i++) {
      const place = Math.floor(i / stride) % extent;
      if (place > 0) expect(sorted[i]).toBeGreaterThanOrEqual(sorted[i - stride] ?? 0);
      expect(sorted[i]).toBe(given[i + ((from[i] ?? 0) - place) * stride]);
    }
  }
});

test("gradients go back to where values came from", () => {
  expectGradients((x) => sort(x, { axis: 0 }).values, [randomLeaf([5, 3])]);
  expectGradients((x) => topk(x, 2).values, [randomLeaf([3, 6])]);
});

test("integers and sizes of zero", () => {
  const { values, indices } = topk(leaf({ shape: [5], dtype: "int32" }, [3, -7, 3, 9, 0]), 3, { largest: false });
  expect(values.dtype).toBe("int32");
  expect(evaluate(values, indices).map((data) => [...data])).toEqual([
    [-7, 0, 3],
    [1, 4, 0],
  ]);
  for (const shape of [
    [0, 3],
    [3, 0],
  ])
    expect(sort(randomLeaf(shape)).values.shape).toEqual(shape);
  expect(topk(randomLeaf([2, 0]), 0).indices.shape).toEqual([2, 0]);
});

test("what cannot be taken is refused", () => {
  const x = randomLeaf([3]);
  expect(() => topk(x, 4)).toThrow(expect.objectContaining({ code: "argument/top-k" }));
  expect(() => topk(x, 1.5)).toThrow(ArgumentError);
  expect(() => sort(x, { axis: 1 })).toThrow(expect.objectContaining({ code: "argument/axis" }));
});
