import { expect, test } from "vitest";
import { matmulCase } from "@gradus/conformance/perf";
import { profileCase, profileTable } from "../src/profile.ts";

test("a profile names every kernel of a case, and its operations are the case's", async () => {
  const one = matmulCase({ m: 64, n: 64, k: 64 });
  const profile = await profileCase(one, { threads: 1, level: "scalar", milliseconds: 20 });
  const product = profile.kernels.find(({ speed }) => speed.endsWith("GFLOP/s"));
  expect(product?.kernel).toBe("matmul 64x64x64 nn");
  const step = profile.kernels.filter(({ kernel }) => kernel.startsWith("matmul")).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  // The speed is written with three digits.
  expect(Number.parseFloat(product?.speed ?? "") * step * 1e6).toBeCloseTo(2 * 64 ** 3, -4);
});

test("the table shows shares of a call and what lies outside kernels", () => {
  const kernels = [
    { kernel: "matmul 2x2x2 nn pack", tiles: 1, milliseconds: 0.25, speed: "" },
    { kernel: "matmul 2x2x2 nn", tiles: 12, milliseconds: 1.5, speed: "9.00 GFLOP/s" },
  ];
  expect(profileTable({ runs: 7, call: 2, kernels })).toMatchInlineSnapshot(`
    "      ms  share  tiles         speed  kernel
      0.2500   13 %      1                matmul 2x2x2 nn pack
      1.5000   75 %     12  9.00 GFLOP/s  matmul 2x2x2 nn
      0.2500   13 %                       outside kernels
      2.0000                              a call, median of 7"
  `);
});
