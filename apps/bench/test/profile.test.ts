import { expect, test } from "vitest";
import { matmulCase } from "@gradus/conformance/perf";
import { profileCase } from "../src/profile.ts";

test("a profile names every kernel of a case, and its operations are the case's", async () => {
  const { steps } = await profileCase(matmulCase({ m: 64, n: 64, k: 64 }), { threads: 1, level: "scalar", milliseconds: 20 });
  const product = steps.find(({ label }) => label === "matmul");
  expect(product?.kernels.map(({ name }) => name)).toContain("matmul 64x64x64 nn");
  expect(product?.flops).toBe(2 * 64 ** 3);
  expect(product?.calls).toBeGreaterThan(0);
});
