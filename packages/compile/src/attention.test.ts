import { gradients, scaledDotProductAttention, sum } from "@gradus/tensor";
import { expect, test } from "vitest";
import type { Plan } from "./plan.ts";
import { data, planOf } from "./plan-text.test.support.ts";

const [heads, width] = [2, 16];

function attention(length: number): Plan {
  const [q, k, v] = [data(heads, length, width), data(heads, length, width), data(heads, length, width)];
  const y = scaledDotProductAttention(q, k, v, { causal: true });
  return planOf(y, ...gradients(sum(y), [q, k, v]));
}

test("no buffer of attention or its gradient holds the scores of all queries", () => {
  const scores = 4 * heads * 1024 * 1024;
  expect(Math.max(...attention(1024).buffers.map(({ bytes }) => bytes))).toBeLessThanOrEqual(scores / (1024 / 128));
});

test("twice the length takes twice the memory, not four times", () => {
  expect(attention(1024).arenaBytes).toBeLessThan(2.2 * attention(512).arenaBytes);
});
