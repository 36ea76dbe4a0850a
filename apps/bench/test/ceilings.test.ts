import { expect, test } from "vitest";
import { ceilingOf, measureCeilings, shareOfCeiling } from "../src/ceilings/ceilings.ts";
import { measureLoop } from "../src/ceilings/measure-loop.ts";
import { arithmeticLoop, copyLoop } from "../src/ceilings/loops.ts";
import type { Ceiling, Measured } from "../src/report.ts";
import { statistics } from "../src/statistics.ts";

type Run = (times: number) => number;

test.each(["relaxed", "simd", "scalar"] as const)("the %s loop multiplies and adds as often as it says", (level) => {
  const { module, amount } = arithmeticLoop(level);
  const run = new WebAssembly.Instance(module, {}).exports["run"] as Run;
  expect(amount).toBe(2 * 12 * (level === "scalar" ? 1 : 4));
  // a / 12 -> a / 12 * 0.999 + 0.001 for a = 0 .. 11, summed.
  expect(run(0)).toBeCloseTo(66 / 12, 5);
  expect(run(1)).toBeCloseTo((66 / 12) * 0.999 + 12 * 0.001, 5);
});

test("the copy loop copies the first half onto the second, and nothing else", () => {
  const { module, pages, amount } = copyLoop(1 << 16);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const bytes = new Uint8Array(memory.buffer).map((_, i) => (i * 7) % 251);
  new Uint8Array(memory.buffer).set(bytes);
  (new WebAssembly.Instance(module, { env: { memory } }).exports["run"] as Run)(1);
  expect(amount).toBe(1 << 16);
  const half = bytes.slice(0, 1 << 15);
  expect(Buffer.compare(new Uint8Array(memory.buffer), Buffer.concat([half, half]))).toBe(0);
});

test("ceilings are measured for each thread count and level", async () => {
  const ceilings = await measureCeilings({ threads: [1, 2], levels: ["scalar"], effort: 0.02, measureLoop, onProgress: () => {} });
  expect(ceilings.filter(({ kind }) => kind === "copy").map(({ threads }) => threads)).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
  expect(ceilings.filter((ceiling) => ceiling.kind === "arithmetic" && ceiling.level === "scalar")).toHaveLength(2);
  expect(Math.min(...ceilings.map(({ speed }) => speed))).toBeGreaterThan(0);
});

const ceilings: readonly Ceiling[] = [
  { kind: "arithmetic", level: "relaxed", threads: 1, unit: "GFLOP/s", speed: 60 },
  { kind: "arithmetic", level: "simd", threads: 1, unit: "GFLOP/s", speed: 40 },
  { kind: "arithmetic", level: "relaxed", threads: 2, unit: "GFLOP/s", speed: 120 },
  { kind: "copy", bytes: 1000, threads: 1, unit: "GB/s", speed: 100 },
  { kind: "copy", bytes: 9000, threads: 1, unit: "GB/s", speed: 20 },
];

test("a contender is set against the ceiling of its threads, Gradus at the level it was held to", () => {
  const work = { unit: "GFLOP/s", operations: 6e9 } as const;
  const speedOf = (library: string, threads: number): number | undefined => ceilingOf(ceilings, work, { library, threads })?.speed;
  expect(speedOf("gradus", 1)).toBe(60);
  expect(speedOf("gradus simd", 1)).toBe(40);
  expect(speedOf("jax-js", 1)).toBe(60);
  expect(speedOf("pytorch", 2)).toBe(120);
  expect(speedOf("pytorch", 3)).toBeUndefined();
  const result: Measured = {
    contender: "gradus simd",
    library: "gradus simd",
    threads: 1,
    kind: "measured",
    times: statistics([200]),
    firstMilliseconds: 1,
    peakBytes: null,
  };
  expect(shareOfCeiling(ceilings, work, result)).toBeCloseTo(0.75);
});

test("images have no ceiling; bytes have the copy of at most as many", () => {
  const contender = { library: "gradus", threads: 1 };
  expect(ceilingOf(ceilings, { unit: "images/s", images: 1 }, contender)).toBeNull();
  const speeds = [10, 1000, 8999, 9000, 1e9].map((bytes) => ceilingOf(ceilings, { unit: "GB/s", bytes }, contender)?.speed);
  expect(speeds).toEqual([100, 100, 100, 20, 20]);
});
