import { expect, test } from "vitest";
import { measureHostOverhead } from "../src/budgets/host-overhead.ts";
import { measureKernelLatency } from "../src/budgets/kernel-latency.ts";

test("the measured training step has as many nodes as asked for", async () => {
  const { nodes, uncompiled, compiled } = await measureHostOverhead(300, 4);
  expect(nodes).toBeGreaterThanOrEqual(300);
  expect(nodes).toBeLessThan(400);
  expect([uncompiled.samples, compiled.samples]).toEqual([4, 4]);
});

test("kernel latency is measured on one thread and on two", async () => {
  for (const threads of [1, 2]) expect((await measureKernelLatency(threads, 4, 3)).samples).toBe(3);
});
