import { describe, expect, test } from "vitest";
import { gradients } from "../../grad.ts";
import { stream } from "../../random/key.ts";
import type { Tensor } from "../../tensor.ts";
import { expectClose, expectGradients, randomLeaf } from "../../test/compare.ts";
import { evaluate } from "../../test/evaluate.ts";
import { matmul } from "../library/matmul.ts";
import { lessEqual } from "../pointwise/comparison.ts";
import { square } from "../pointwise/power.ts";
import { where } from "../pointwise/where.ts";
import { bernoulli } from "../random/distributions.ts";
import { sum } from "../reduce/sum.ts";
import { eye, tensor } from "../source/creation.ts";
import { ones, zeros } from "../source/full.ts";
import { narrow } from "../view/slice.ts";
import { rotary, sinusoidalPositions } from "./positions.ts";
import { attentionWeights, scaledDotProductAttention } from "./scaled-dot-product-attention.ts";

const values = (x: Tensor): number[] => [...(evaluate(x)[0] ?? [])];
const withCode = (code: string): unknown => expect.objectContaining({ code });

describe("scaledDotProductAttention", () => {
  const [q, k, v] = [randomLeaf([2, 3, 4], 1), randomLeaf([2, 5, 4], 2), randomLeaf([2, 5, 2], 3)];

  test("is the softmax of scaled products, from its definition", () => {
    const [qs, ks, vs] = [values(q), values(k), values(v)];
    const expected: number[] = [];
    for (let b = 0; b < 2; b++)
      for (let i = 0; i < 3; i++) {
        const scores = [0, 1, 2, 3, 4].map((j) =>
          [0, 1, 2, 3].reduce((sum, p) => sum + qs[(b * 3 + i) * 4 + p]! * ks[(b * 5 + j) * 4 + p]!, 0),
        );
        const powers = scores.map((score) => Math.exp(score / 2));
        const total = powers.reduce((a, b) => a + b);
        for (let c = 0; c < 2; c++) expected.push(powers.reduce((sum, power, j) => sum + (power / total) * vs[(b * 5 + j) * 2 + c]!, 0));
      }
    expectClose(values(scaledDotProductAttention(q, k, v)), expected);
    expectGradients((q) => scaledDotProductAttention(q, k, v, { causal: true }), [q]);
  });

  test("masks: true is seen, numbers are added, and causal sees the past", () => {
    const see = tensor([
      [true, false, true, false, false],
      [true, true, true, true, true],
      [false, true, false, false, false],
    ]);
    const add = tensor(
      values(see).map((seen) => (seen === 0 ? -Infinity : 0)),
      { shape: [3, 5] },
    );
    const weights = attentionWeights(q, k, { mask: see });
    expectClose(values(weights), values(attentionWeights(q, k, { mask: add })));
    values(weights).forEach((weight, i) => expect(weight === 0).toBe(values(see)[i % 15] === 0));
    values(attentionWeights(q, k, { causal: true })).forEach((weight, i) => expect(weight === 0).toBe(i % 5 > Math.floor(i / 5) % 3));
    const both = values(attentionWeights(q, k, { mask: see, causal: true }));
    both.forEach((weight, i) => expect(weight === 0).toBe(values(see)[i % 15] === 0 || i % 5 > Math.floor(i / 5) % 3));
    expectClose(
      values(attentionWeights(q, k, { scale: 0 })),
      Array.from({ length: 30 }, () => 0.2),
    );
  });

  test("a query that sees nothing gets zeros, and gives finite gradients", () => {
    const mask = tensor([
      [false, false, false, false, false],
      [true, true, true, true, true],
      [true, true, true, true, true],
    ]);
    expect(values(scaledDotProductAttention(q, k, v, { mask })).slice(0, 2)).toEqual([0, 0]);
    expectGradients((q) => scaledDotProductAttention(q, k, v, { mask }), [q]);
  });

  test("of a long sequence is computed in parts, and is the same", () => {
    const queries = 130;
    const see = lessEqual(randomLeaf([queries, 4], 4), 0.5);
    for (const [keys, options] of [
      [4, {}],
      [4, { mask: see }],
      [4, { mask: randomLeaf([queries, 4], 6) }],
      [130, { causal: true, mask: randomLeaf([1, 130], 5) }],
    ] as const) {
      const [q, k, v] = [randomLeaf([queries, 2], 1), randomLeaf([keys, 2], 2), randomLeaf([keys, 1], 3)];
      const whole = (q: Tensor, k: Tensor, v: Tensor): Tensor => matmul(attentionWeights(q, k, options), v);
      const inParts = (q: Tensor, k: Tensor, v: Tensor): Tensor => scaledDotProductAttention(q, k, v, options);
      expectClose(values(inParts(q, k, v)), values(whole(q, k, v)));
      const inputs = [q, k, v, ...("mask" in options && options.mask !== see ? [options.mask] : [])];
      const gradientsOf = (f: typeof whole): number[] => gradients(sum(square(f(q, k, v))), inputs).flatMap(values);
      expectClose(gradientsOf(inParts), gradientsOf(whole));
      if (keys > 4) continue;
      const curvatureOf = (f: typeof whole): number[] =>
        gradients(sum(square(gradients(sum(square(f(q, k, v))), [q])[0]!)), [q, k, v]).flatMap(values);
      expectClose(curvatureOf(inParts), curvatureOf(whole), 1e-5);
    }
    // Where scores are equal, what is left of a row tells what was dropped of it.
    const keys = 4;
    const random = { dropout: 0.5, key: stream(1, "attention") };
    const kept = bernoulli([queries, keys], { p: 0.5, key: random.key, salt: 0 });
    const dropped = scaledDotProductAttention(zeros([queries, 3]), zeros([keys, 3]), eye(keys), random);
    expectClose(values(dropped), values(where(kept, 2 / keys, 0)));
  });

  test("drops weights and keeps their mean", () => {
    const many = ones([200, 200]);
    const key = stream(1, "attention");
    const kept = values(scaledDotProductAttention(zeros([200, 1]), zeros([200, 1]), many, { dropout: 0.25, key }));
    const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.02);
    expect(new Set(kept).size).toBeGreaterThan(1);
    expect(() => scaledDotProductAttention(q, k, v, { dropout: 0.5 })).toThrow(withCode("argument/attention-key"));
    expect(() => scaledDotProductAttention(q, k, v, { dropout: 2, key })).toThrow(withCode("argument/probability"));
    expect(() => scaledDotProductAttention(q, randomLeaf([2, 5, 3], 4), v)).toThrow(withCode("shape/matmul-inner"));
  });
});

describe("positions", () => {
  test("are sines and cosines of growing waves", () => {
    const expected = [0, 1, 2].flatMap((p) => [Math.sin(p), Math.cos(p), Math.sin(p / 100), Math.cos(p / 100)]);
    expectClose(values(sinusoidalPositions(3, 4)), expected.map(Math.fround));
    expectClose(values(sinusoidalPositions(2, 4, { offset: 1 })), values(narrow(sinusoidalPositions(3, 4), 0, 1, 2)));
    expect(() => sinusoidalPositions(3, 5)).toThrow(withCode("argument/positions"));
    expect(() => sinusoidalPositions(0, 4)).toThrow(withCode("argument/positions"));
  });

  test("rotary turns adjacent features, or those half the width apart", () => {
    const x = randomLeaf([2, 4], 1);
    const at = values(x);
    const turned = (first: number, second: number, angle: number): readonly [number, number] => {
      const [u, v] = [at[first] ?? 0, at[second] ?? 0];
      return [u * Math.cos(angle) - v * Math.sin(angle), u * Math.sin(angle) + v * Math.cos(angle)];
    };
    const adjacent = [...at.slice(0, 4), ...turned(4, 5, 1), ...turned(6, 7, 0.01)];
    expectClose(values(rotary(x)), adjacent, 1e-6);
    const [[a, c], [b, d]] = [turned(4, 6, 1), turned(5, 7, 0.01)];
    expectClose(values(rotary(x, { pairing: "halves" })), [...at.slice(0, 4), a, b, c, d], 1e-6);
    expect(() => rotary(zeros([2, 3]))).toThrow(withCode("argument/positions"));
    expect(() => rotary(zeros([4]))).toThrow(withCode("argument/positions"));
  });

  test("after rotary, products depend on the distance alone", () => {
    const [q, k] = [randomLeaf([1, 6], 1), randomLeaf([1, 6], 2)];
    const product = (i: number, j: number): number[] =>
      values(matmul(rotary(q, { offset: i }), rotary(k, { offset: j }), { transposeB: true }));
    expectClose(product(3, 1), product(12, 10), 1e-5);
    expect(Math.abs((product(3, 1)[0] ?? 0) - (product(3, 2)[0] ?? 0))).toBeGreaterThan(1e-3);
  });
});
