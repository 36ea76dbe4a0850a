import { describe, expect, test } from "vitest";
import { ArgumentError } from "../errors.ts";
import { bernoulli, normal, randint, truncatedNormal, uniform } from "../ops/random/distributions.ts";
import { randomBits } from "../ops/random/random-bits.ts";
import type { Tensor } from "../tensor.ts";
import { evaluate } from "../test/evaluate.ts";
import { onHost } from "./arithmetic.ts";
import { hostBernoulli, hostBits, hostIntegers, hostNormal, hostTruncatedNormal, hostUniform, permutation } from "./host.ts";
import { foldKey, key, splitKey, stream } from "./key.ts";
import { threefry } from "./threefry.ts";

describe("threefry", () => {
  // The known answers published with the paper's library, Random123.
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)("key %j, counter %j", (words, counter, answer) => {
    const noise = threefry(onHost, [words[0] | 0, words[1] | 0], [counter[0] | 0, counter[1] | 0]);
    expect(noise.map((word) => word >>> 0)).toEqual(answer);
  });
});

describe("host and device draw the same bits", () => {
  const from = stream(3, "init/conv1.weight");
  const count = 4000;
  const device = (tensor: Tensor): Float64Array => evaluate(tensor)[0] ?? new Float64Array();

  test("words", () => {
    expect(device(randomBits([40, 100], { key: from }))).toEqual(Float64Array.from(hostBits(from, count)));
    expect(device(randomBits([7], { key: from, salt: 5 }))).toEqual(Float64Array.from(hostBits(from, 7, 5)));
  });
  test("uniform", () => {
    expect(device(uniform([40, 100], { key: from, low: -0.3, high: 0.45 }))).toEqual(
      Float64Array.from(hostUniform(from, count, -0.3, 0.45)),
    );
  });
  test("normal", () => {
    expect(device(normal([40, 100], { key: from, mean: 0.1, std: 0.7 }))).toEqual(Float64Array.from(hostNormal(from, count, 0.1, 0.7)));
  });
  test("truncated normal", () => {
    const options = { mean: 0.5, std: 2, low: -1, high: 1.2 };
    expect(device(truncatedNormal([40, 100], { key: from, ...options }))).toEqual(
      Float64Array.from(hostTruncatedNormal(from, count, options)),
    );
  });
  test("bernoulli and whole numbers", () => {
    expect(device(bernoulli([count], { key: from, p: 0.1 }))).toEqual(Float64Array.from(hostBernoulli(from, count, 0.1)));
    expect(device(randint([count], { key: from, low: -3, high: 1000 }))).toEqual(Float64Array.from(hostIntegers(from, count, -3, 1000)));
  });
});

describe("distributions", () => {
  const count = 100_000;
  const moments = (values: ArrayLike<number>): readonly [mean: number, variance: number] => {
    const list = Array.from(values);
    const mean = list.reduce((a, b) => a + b, 0) / list.length;
    return [mean, list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length];
  };

  test("a uniform number has mean 1/2 and variance 1/12", () => {
    const values = hostUniform(key(1), count);
    const [mean, variance] = moments(values);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.004);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.002);
    expect(values.every((v) => v >= 0 && v < 1)).toBe(true);
  });
  test("a normal number has mean 0, variance 1 and kurtosis 3", () => {
    const values = hostNormal(key(2), count);
    const [mean, variance] = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    expect(Math.abs(moments(values.map((v) => v * v))[1] + 1 - 3)).toBeLessThan(0.15);
  });
  test("a truncated one stays within its bounds", () => {
    const values = hostTruncatedNormal(key(3), count, { std: 0.02, low: -0.04, high: 0.04 });
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(0.04));
    expect(Math.abs(moments(values)[1] / 0.02 ** 2 - 0.774)).toBeLessThan(0.02);
  });
  test("whole numbers cover their range evenly", () => {
    const counts = new Array<number>(10).fill(0);
    for (const v of hostIntegers(key(4), count, 5, 15)) counts[v - 5]! += 1;
    expect(counts.every((n) => Math.abs(n - count / 10) < 500)).toBe(true);
    expect(() => hostIntegers(key(4), 1, 3, 3)).toThrow(ArgumentError);
  });
  test("a permutation has every number once, and each first number as often", () => {
    expect([...permutation(key(5), 1000)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    const firsts = new Array<number>(4).fill(0);
    for (let seed = 0; seed < 4000; seed++) firsts[permutation(key(seed), 4)[0] ?? 0]! += 1;
    expect(firsts.every((n) => Math.abs(n - 1000) < 130)).toBe(true);
    expect(permutation(key(5), 0)).toHaveLength(0);
  });
});

describe("keys", () => {
  test("repeat, and differ by seed, name, number and position", () => {
    expect(stream(7, "dropout/3")).toEqual(stream(7, "dropout/3"));
    const keys = [
      key(7),
      key(8),
      key(7 + 2 ** 32),
      key(-7),
      stream(7, ""),
      stream(7, "a"),
      stream(7, "a\0"),
      stream(7, "dropout/3"),
      stream(7, "dropout/30"),
      stream(7, "12345678"),
      foldKey(key(7), 0),
      foldKey(key(7), 1),
      foldKey(key(7), 2 ** 40),
      ...splitKey(key(7), 3),
    ].map(({ words }) => words.join());
    expect(new Set(keys).size).toBe(keys.length);
  });
  test("refuse a seed that is not a whole number", () => {
    expect(() => key(0.5)).toThrow(ArgumentError);
    expect(() => foldKey(key(1), Number.NaN)).toThrow(ArgumentError);
  });
});
