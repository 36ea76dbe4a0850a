import { matmul, sum, tanh } from "@gradus/tensor";
import { expect, test } from "vitest";
import { data, planOf } from "../plan-text.test.support.ts";
import type { HostSpan } from "./observe.ts";
import type { RunTime } from "../plan.ts";
import { ProfileReport } from "./report.ts";

const product = matmul(data(100, 200), data(200, 50));
const plan = { ...planOf(product, sum(tanh(product))), name: "0badcafe" };

/** Two runs of a product in two kernels and a loop, as a clock that is `ahead` of the host's told them. */
function runsAt(ahead: number, clock: RunTime["clock"]): RunTime[] {
  return [1000, 1010].map((begun) => ({
    plan,
    clock,
    begun,
    kernels: [
      { step: 0, name: "pack", pieces: 1, start: begun + ahead + 1, milliseconds: 0.5 },
      { step: 0, name: "matmul 100x50x200", pieces: 8, start: begun + ahead + 1.5, milliseconds: 1.5 },
      { step: 1, name: "sum", pieces: 2, start: begun + ahead + 3, milliseconds: 0 },
    ],
    ...(clock === "device timestamps" ? { tick: 0.25 } : {}),
  }));
}

const spans: readonly HostSpan[] = [
  { kind: "planning", plan: plan.name, start: 990, end: 1002 },
  { kind: "launching", plan: plan.name, start: 1004, end: 1006 },
  { kind: "waiting", plan: plan.name, start: 1006, end: 1014 },
  { kind: "launching", plan: plan.name, start: 1010, end: 1013 },
  { kind: "waiting", plan: plan.name, start: 1013, end: 1018 },
];
const within = { start: 1000, end: 1020 };

test("runs are summed by step, the longest first, with what they cost", () => {
  const report = new ProfileReport("test", within, runsAt(0, "host, kernel by kernel"), spans);
  const flops = 2 * 100 * 50 * 200;
  const bytes = 4 * (100 * 200 + 200 * 50 + 100 * 50);
  expect(report.steps).toEqual([
    {
      plan: "0badcafe",
      step: 0,
      label: "matmul",
      calls: 2,
      milliseconds: 4,
      mean: 2,
      median: 2,
      flops,
      bytes,
      gigaflops: flops / 2e6,
      gigabytes: bytes / 2e6,
      kernels: [
        { name: "pack", pieces: 1, milliseconds: 1 },
        { name: "matmul 100x50x200", pieces: 8, milliseconds: 3 },
      ],
    },
    {
      plan: "0badcafe",
      step: 1,
      label: "sum",
      calls: 2,
      milliseconds: 0,
      mean: 0,
      median: 0,
      // tanh costs 9 additions, and one is the sum's.
      flops: 5000 * 10,
      bytes: 4 * 5001,
      gigaflops: null,
      gigabytes: null,
      kernels: [{ name: "sum", pieces: 2, milliseconds: 0 }],
    },
  ]);
  expect(report.kernels).toEqual({ runs: 6, milliseconds: 4, flops: 2 * (flops + 50_000), bytes: 2 * (bytes + 20_004) });
  // Kernels ran while the host launched them, for 4 of 5 milliseconds.
  expect(report.host).toEqual({ planning: 2, preparing: 0, launching: 1, waiting: 12, other: 4 });
});

test("an interrupted call does not count in a speed, unless the clock is too coarse to tell calls apart", () => {
  const [kernel] = runsAt(0, "host, kernel by kernel")[0]?.kernels ?? [];
  if (kernel === undefined) expect.unreachable();
  const runs = [1, 40, 2, 3, 1].map((milliseconds) => ({
    plan,
    clock: "host, kernel by kernel" as const,
    begun: 1000,
    kernels: [{ ...kernel, milliseconds }],
  }));
  const speed = (given: readonly RunTime[]): unknown => new ProfileReport("test", within, given, []).steps[0]?.gigaflops;
  expect(new ProfileReport("test", within, runs, []).steps[0]).toMatchObject({ calls: 5, milliseconds: 47, mean: 9.4, median: 2 });
  expect(speed(runs)).toBe(1);
  expect(speed(runs.map((run) => ({ ...run, tick: 0.001 })))).toBe(1);
  expect(speed(runs.map((run) => ({ ...run, tick: 1 })))).toBeCloseTo(2 / 9.4, 10);
});

test("a device's kernels take nothing from the host's time", () => {
  const { host, tick, clock } = new ProfileReport("test", within, runsAt(7e6, "device timestamps"), spans);
  expect(host).toEqual({ planning: 2, preparing: 0, launching: 5, waiting: 12, other: 4 });
  expect({ tick, clock }).toEqual({ tick: 0.25, clock: "device timestamps" });
});

test("the table names steps and their kernels, and says what is outside them and what the clock is worth", () => {
  expect(`\n${new ProfileReport("test", within, runsAt(0, "device timestamps"), spans).table()}\n`).toMatchInlineSnapshot(`
    "
       ms    share  calls  median ms  GFLOP/s    GB/s  plan      step  kernel
    4.000  100.0 %      2     2.0000     1.00  0.0700  0badcafe     0  matmul
    1.000   25.0 %                                                       pack
    3.000   75.0 %                                                       matmul 100x50x200
    0.000    0.0 %      2     0.0000                   0badcafe     1  sum

    6 kernels 4.000 ms, 0.00410 GFLOP, 0.000320 GB; 20.000 ms in all, on test
    outside kernels, ms: planning 2.000, preparing 0.000, launching 5.000, waiting 12.000, other 4.000
    clock: device timestamps, before and after each kernel, in steps of 250 microseconds
    "
  `);
  expect(new ProfileReport("test", within, runsAt(0, "host, per run"), spans).table()).toContain("shares are estimates");
  expect(new ProfileReport("test", within, [], []).table()).toBe("nothing ran on test in 20.000 ms");
});

test("the trace has an event for every kernel and every span, in microseconds from the beginning", () => {
  const trace: unknown = JSON.parse(new ProfileReport("test", within, runsAt(0, "host, kernel by kernel"), spans).trace());
  expect(trace).toMatchObject({ displayTimeUnit: "ms", otherData: { backend: "test", clock: "host, kernel by kernel" } });
  const kernels = eventsOf(trace).filter(({ cat }) => cat === "kernel");
  expect(kernels).toHaveLength(6);
  expect(kernels[1]).toEqual({
    name: "matmul 100x50x200",
    cat: "kernel",
    ph: "X",
    pid: 1,
    tid: 2,
    ts: 1500,
    dur: 1500,
    args: { plan: "0badcafe", step: 0, op: "matmul", pieces: 8, stepFlops: 2_000_000, stepBytes: 140_000 },
  });
  const spansSeen = eventsOf(trace).filter(({ cat }) => cat === "host");
  expect(spansSeen.map(({ name, ph, ts }) => `${String(name)} ${String(ph)} ${String(ts)}`)).toEqual([
    "planning X -10000",
    "launching X 4000",
    "waiting b 6000",
    "waiting e 14000",
    "launching X 10000",
    "waiting b 13000",
    "waiting e 18000",
  ]);
  const names = eventsOf(trace).filter(({ ph }) => ph === "M");
  expect(names.map(({ args }) => args)).toEqual([
    { name: "gradus on test" },
    { name: "host" },
    { name: "kernels (host, kernel by kernel)" },
  ]);
});

test("a device's clock is set by the run that began soonest after its launch", () => {
  const [first, second] = runsAt(7e6, "device timestamps");
  if (first === undefined || second === undefined) expect.unreachable();
  const late = { ...first, kernels: first.kernels.map((kernel) => ({ ...kernel, start: kernel.start + 5 })) };
  const starts = eventsOf(JSON.parse(new ProfileReport("test", within, [late, second], []).trace()))
    .filter(({ cat, name }) => cat === "kernel" && name === "pack")
    .map(({ ts }) => ts);
  expect(starts).toEqual([5000, 10_000]);
});

function eventsOf(trace: unknown): Readonly<Record<string, unknown>>[] {
  if (typeof trace === "object" && trace !== null && "traceEvents" in trace && Array.isArray(trace.traceEvents)) return trace.traceEvents;
  return expect.unreachable();
}
