import fc from "fast-check";
import { expect, test } from "vitest";
import { ArgumentError } from "../../errors.ts";
import { expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate, leaf } from "../../test/evaluate.ts";
import { permute } from "../view/permute.ts";
import { argsort, sort, topk } from "./sort.ts";

/** JavaScript's own stable sort of positions; a NaN is the largest. */
function order(values: readonly number[], descending: boolean): number[] {
  const after = (a: number, b: number): number => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return Number(a > b) - Number(a < b);
  };
  return values.map((_, i) => i).sort((a, b) => (descending ? -1 : 1) * after(values[a] ?? 0, values[b] ?? 0));
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

test("a long axis is put in the same order", () => {
  for (const descending of [false, true]) {
    const values = Array.from({ length: 300 }, (_, i) => (i % 97 === 5 ? Number.NaN : ((i * 7919) % 50) - 25));
    const x = leaf({ shape: [300], dtype: "float32" }, values);
    expect([...(evaluate(argsort(x, { descending }))[0] ?? [])]).toEqual(order(values, descending));
  }
});

test("the first few are those of the whole order, with ties, NaN and infinities, both ways", () => {
  const value = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom(Number.NaN, Infinity, -Infinity));
  fc.assert(
    fc.property(fc.array(value, { minLength: 5, maxLength: 9 }), fc.integer({ min: 1, max: 5 }), fc.boolean(), (values, k, largest) => {
      const x = leaf({ shape: [values.length], dtype: "float32" }, values);
      const { indices, values: taken } = topk(x, k, { largest });
      const [places = [], numbers = []] = evaluate(indices, taken);
      expect([...places]).toEqual(order(values, largest).slice(0, k));
      expect([...numbers]).toEqual([...places].map((place) => values[place]));
    }),
    { numRuns: 300, seed: 2 },
  );
});

test("of a long axis, which is looked through in blocks, the first few are the same", () => {
  const value = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom(Number.NaN, Infinity, -Infinity));
  const rows = fc.oneof(
    fc.array(value, { minLength: 256, maxLength: 300 }),
    // Hardly anything but the smallest number, beside which padding lies.
    fc.array(fc.oneof({ weight: 200, arbitrary: fc.constant(-Infinity) }, { weight: 1, arbitrary: value }), {
      minLength: 256,
      maxLength: 300,
    }),
    fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 500, maxLength: 600 }),
  );
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 8 }), (values, k) => {
      const twice = leaf(
        { shape: [values.length, 2], dtype: "float32" },
        values.flatMap((one, i) => [one, values.at(-1 - i) ?? 0]),
      );
      const [places = []] = evaluate(topk(twice, k, { axis: 0 }).indices);
      expect([...places].filter((_, i) => i % 2 === 0)).toEqual(order(values, true).slice(0, k));
      expect([...places].filter((_, i) => i % 2 === 1)).toEqual(order(values.toReversed(), true).slice(0, k));
    }),
    { numRuns: 60, seed: 3 },
  );
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
