import { type CaseReport, type Report, reportFormat, type Result } from "../src/report.ts";
import { statistics } from "../src/statistics.ts";

/** A measured contender with these times. */
export function measured(library: string, threads: number, ...times: number[]): Result {
  return {
    contender: threads === 1 ? library : `${library}, ${threads} threads`,
    library,
    threads,
    kind: "measured",
    times: statistics(times),
    firstMilliseconds: 12.3,
    peakBytes: 4.5e6,
  };
}

export const matmul: CaseReport = {
  othersShare: 0.01,
  name: "matmul",
  work: { unit: "GFLOP/s", operations: 2e9 },
  results: [
    measured("gradus", 1, 40, 41, 42),
    measured("gradus", 2, 20.5),
    measured("jax-js", 1, 61.5),
    measured("pytorch", 2, 10.25),
    { contender: "tfjs-wasm", library: "tfjs-wasm", threads: 1, kind: "cannot", why: "no kernel" },
  ],
};

/** A report of a case, with something in every part. */
export const report: Report = {
  format: reportFormat,
  command: "pnpm bench --docs",
  date: "2026-01-02",
  host: { cpu: "A processor", cores: 2, node: "v24.0.0", browser: null, system: "Linux 6" },
  ceilings: [
    { kind: "arithmetic", level: "relaxed", threads: 1, unit: "GFLOP/s", speed: 60 },
    { kind: "arithmetic", level: "relaxed", threads: 2, unit: "GFLOP/s", speed: 120 },
    { kind: "copy", bytes: 1 << 18, threads: 1, unit: "GB/s", speed: 110 },
    { kind: "copy", bytes: 1 << 27, threads: 1, unit: "GB/s", speed: 25.5 },
  ],
  sizes: {
    gradus: { kind: "bundle", script: 128_000, fetched: 0 },
    "jax-js": { kind: "bundle", script: 100_000, fetched: 20_000 },
  },
  versions: { gradus: "wasm", "jax-js": "0.1" },
  cases: [matmul],
  budgets: [
    { name: "size", limit: "60 kB", measured: "59.0 kB", holds: true },
    { name: "latency", limit: "20 µs", measured: "not measured: one core", holds: null },
  ],
};

/** The report with this one case. */
export function reportOf(...results: readonly Result[]): Report {
  return { ...report, cases: [{ ...matmul, results }] };
}
