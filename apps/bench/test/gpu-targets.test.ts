import { expect, test } from "vitest";
import { gpuTargets } from "../src/gpu/gpu-targets.ts";
import { statistics } from "../src/statistics.ts";
import type { CaseReport, Ceiling, Result } from "../src/report.ts";

const ceilings: readonly Ceiling[] = [
  { kind: "arithmetic", level: "shader", threads: 1, unit: "GFLOP/s", speed: 1000 },
  { kind: "copy", bytes: 1 << 28, threads: 1, unit: "GB/s", speed: 100 },
];

function measured(library: string, milliseconds: number): Result {
  return {
    contender: library,
    library,
    threads: 1,
    kind: "measured",
    times: statistics([milliseconds]),
    firstMilliseconds: 1,
    peakBytes: null,
  };
}

const product: CaseReport = {
  name: "matmul 4096x4096x4096",
  work: { unit: "GFLOP/s", operations: 6e9 },
  results: [measured("gradus webgpu", 10), measured("jax-js-webgpu", 12), measured("tfjs-webgpu", 20)],
  othersShare: null,
};

test("targets are judged by the shares and ratios of one run", () => {
  const [arithmetic, copy, peers, dispatch] = gpuTargets([product], ceilings, 20);
  expect(arithmetic).toMatchObject({ measured: "60.0 %", holds: true });
  expect(copy).toMatchObject({ measured: "not measured", holds: null });
  expect(peers).toMatchObject({ measured: "1.20 times jax-js-webgpu", holds: false });
  expect(dispatch).toMatchObject({ measured: "20.0 µs", holds: false });
});

test("what was not measured is not judged", () => {
  expect(gpuTargets([], ceilings, null).map(({ holds }) => holds)).toEqual([null, null, null, null]);
});
