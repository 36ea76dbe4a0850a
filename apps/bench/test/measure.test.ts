import { convolutionCase, matmulCase, modelCase, passes, type PerfCase } from "@gradus/conformance/perf";
import { expect, test } from "vitest";
import { type Contender, contenders } from "../src/contenders.ts";
import { LibraryProcess } from "../src/library-process.ts";
import { measure } from "../src/measure.ts";
import type { CaseReport } from "../src/report.ts";
import { fake } from "./fake-contender.ts";

const effort = { rounds: 2, turn: 1, warmUp: 1 };

async function run(cases: readonly PerfCase[], who: readonly Contender[], patience?: number): Promise<CaseReport[]> {
  const seen: string[] = [];
  const { cases: reports } = await measure({
    cases,
    contenders: who,
    effort,
    onCase: ({ name }) => seen.push(name),
    onProgress: () => {},
    ...(patience === undefined ? {} : { patience }),
  });
  expect(seen).toEqual(cases.map(({ name }) => name));
  return reports;
}

test("outputs are compared with the first contender's before anything is timed, and whoever fails is a line, not a crash", async () => {
  const nowhere: Contender = { ...fake("nowhere"), launch: () => new LibraryProcess({ file: "/no/such/program", args: [] }) };
  const [report] = await run(
    [matmulCase({ m: 5, k: 5, n: 5 })],
    [fake("right"), fake("wrong"), fake("cannot"), fake("crash"), fake("silent"), nowhere, fake("right")],
  );
  expect(report?.results.map((result) => (result.kind === "measured" ? "measured" : `${result.kind}: ${result.why}`))).toEqual([
    "measured",
    expect.stringMatching(/^wrong: product differs by .* of its largest value, more than 0.00001$/),
    "cannot: it was told not to",
    "failed: its process ended (4)",
    "cannot: its process ended (3)",
    "cannot: spawn /no/such/program ENOENT",
    "measured",
  ]);
  const [first] = report?.results ?? [];
  expect(first?.kind === "measured" && first.times.samples).toBeGreaterThanOrEqual(effort.rounds);
});

test("a contender that fails at one case takes part in the next, unless its process is gone", async () => {
  const reports = await run(
    [convolutionCase("forward", { batch: 1, channels: 2, size: 5, filters: 3, kernel: 3, padding: 1 }), matmulCase({ m: 4, k: 3, n: 2 })],
    contenders({ threads: [1], levels: [], peers: [] }).concat(fake("right")),
  );
  expect(reports.map(({ results }) => results.map(({ kind }) => kind))).toEqual([
    ["measured", "cannot"],
    ["measured", "measured"],
  ]);
});

const outcomes = ({ results }: CaseReport): string[] =>
  results.map((result) => (result.kind === "measured" ? "measured" : `${result.kind}: ${result.why}`));

test("a process that is killed, hangs or babbles fails at that case, and a new one takes part in the next", async () => {
  const reports = await run(
    [matmulCase({ m: 5, k: 5, n: 5 }), matmulCase({ m: 4, k: 3, n: 2 })],
    ["right", "killed", "hangs", "garbled", "mute"].map(fake),
    5000,
  );
  expect(reports.map(outcomes)).toEqual([
    [
      "measured",
      "failed: its process ended (SIGKILL)",
      "failed: no answer within 5 s",
      "failed: it answered something that is not JSON",
      "cannot: no answer within 5 s",
    ],
    ["measured", "measured", "measured", "failed: it answered something that is not JSON", "cannot: no answer within 5 s"],
  ]);
});

test("peers that could not be installed are rows that say why", async () => {
  const { cases: reports } = await measure({
    cases: [matmulCase({ m: 4, k: 3, n: 2 })],
    contenders: [fake("right"), { ...fake("right"), name: "peer", installed: true }],
    effort,
    notInstalled: "npm ci failed: no network",
    onCase: () => {},
    onProgress: () => {},
  });
  expect(reports.map(outcomes)).toEqual([["measured", "cannot: npm ci failed: no network"]]);
});

test("peak memory is what a contender needed during the case", async () => {
  const [report] = await run([matmulCase({ m: 4, k: 3, n: 2 })], ["right", "large"].map(fake));
  const [small = 0, large = 0] = (report?.results ?? []).map((result) => (result.kind === "measured" ? (result.peakBytes ?? 0) : 0));
  expect(large - small).toBeGreaterThan(60e6);
  expect(small).toBeLessThan(60e6);
});

test("Gradus does every kind of case, on one thread and two, with equal outputs", async () => {
  const sizes = { batch: 2, channels: 3, size: 6, filters: 4, kernel: 3, padding: 1 };
  const convolutions = passes.map((pass) => convolutionCase(pass, sizes));
  const models = (["lenet5", "mlp"] as const).flatMap((model) => [modelCase(model, "forward", 2), modelCase(model, "training", 2)]);
  const reports = await run([...convolutions, ...models], contenders({ threads: [1, 2], levels: [], peers: [] }));
  expect(
    reports.flatMap(({ name, results }) => results.filter(({ kind }) => kind !== "measured").map((result) => ({ name, ...result }))),
  ).toEqual([]);
});
