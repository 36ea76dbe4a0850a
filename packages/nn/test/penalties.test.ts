import { add, gradients, ones, tensor } from "@gradus/tensor";
import { expect, test } from "vitest";
import { l1Penalty, l2Penalty, Linear, Sequential, sparsityPenalty } from "../src/index.ts";
import { onReference } from "./support/runtime.ts";

onReference();

const net = new Sequential(new Linear(2, 1), new Linear(1, 1));
const load = (): void => {
  const entry = (shape: number[], ...data: number[]) => ({ shape, dtype: "float32", data: Float32Array.from(data) }) as const;
  net.loadStateDict(
    new Map([
      ["0.weight", entry([1, 2], 3, -4)],
      ["0.bias", entry([1], 100)],
      ["1.weight", entry([1, 1], -2)],
      ["1.bias", entry([1], 100)],
    ]),
  );
};

test("weights are penalised, and biases are not", async () => {
  load();
  expect(await l1Penalty(net, { strength: 0.5 }).item()).toBe(4.5);
  expect(await l2Penalty(net, { strength: 0.5 }).item()).toBe(7.25);
  expect(await l1Penalty(net, { strength: 1, match: /^1/ }).item()).toBe(102);
});

test("their gradients are strength * sign(w) and strength * w", async () => {
  load();
  const weights = [...net.parameters()].map(([, parameter]) => parameter.value());
  const loss = add(l1Penalty(net, { strength: 0.5 }), l2Penalty(net, { strength: 0.25 }));
  const [first, bias] = gradients(loss, weights);
  expect([...((await first?.data()) ?? [])]).toEqual([0.5 + 0.75, -0.5 - 1]);
  expect([...((await bias?.data()) ?? [])]).toEqual([0]);
});

test("a pattern that matches nothing is refused", () => {
  expect(() => l2Penalty(net, { strength: 1, match: /kernel/ })).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: l2Penalty: no parameter's path matches /kernel/
      parameters: 0.weight, 0.bias, 1.weight, 1.bias
      code: argument/no-parameters]
  `);
});

test("activity costs nothing at the target, and more on either side", async () => {
  const at = async (value: number): Promise<number> => sparsityPenalty(tensor([[value], [value]]), { target: 0.25 }).item();
  expect(await at(0.25)).toBeCloseTo(0, 6);
  expect(await at(0.1)).toBeGreaterThan(0.05);
  expect(await at(0.6)).toBeGreaterThan(0.2);
  expect(Number.isFinite(await at(0))).toBe(true);
  expect(() => sparsityPenalty(ones([2, 2]), { target: 1 })).toThrow(expect.objectContaining({ code: "argument/probability" }));
});
