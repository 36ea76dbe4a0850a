import { add, mul, neg, sum } from "@gradus/tensor";
import { expect, test } from "vitest";
import { data } from "./plan-text.test.support.ts";
import { ProgramCache, readProgram } from "./program.ts";

const keyOf = (...outputs: Parameters<typeof readProgram>[0]): ReturnType<typeof readProgram>["key"] => readProgram(outputs, []).key;

test("programs of one structure have one key, whatever the data", () => {
  expect(keyOf(add(data(2), data(2)))).toEqual(keyOf(add(data(2), data(2))));
});

test("shape, op, attribute, order and sharing of inputs, and the outputs' order are all in the key", () => {
  const [x, y] = [data(2, 3), data(2, 3)];
  const different = [
    [add(x, y)],
    [add(x, x)],
    [mul(x, y)],
    [add(data(3, 2), data(3, 2))],
    [sum(x, { axis: 0 })],
    [sum(x, { axis: 1 })],
    [add(neg(x), y)],
    [add(x, neg(y))],
    [neg(x), neg(y)],
    [neg(x)],
  ];
  const keys = different.map((outputs) => keyOf(...outputs).words.join());
  expect(new Set(keys).size).toBe(different.length);
  const [a, b] = [neg(x), mul(x, y)];
  expect(keyOf(a, b).words).not.toEqual(keyOf(b, a).words);
});

test("two keys with one hash are told apart by their words", () => {
  const cache = new ProgramCache<string>();
  cache.set({ hash: 7, words: Int32Array.of(1, 2) }, "first");
  cache.set({ hash: 7, words: Int32Array.of(1, 3) }, "second");
  expect(cache.get({ hash: 7, words: Int32Array.of(1, 3) })).toBe("second");
  expect(cache.get({ hash: 7, words: Int32Array.of(1, 2) })).toBe("first");
  cache.delete("first");
  expect(cache.get({ hash: 7, words: Int32Array.of(1, 2) })).toBe(undefined);
  expect([...cache.values()]).toEqual(["second"]);
});
