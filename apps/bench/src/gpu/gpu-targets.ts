import { shareOfCeiling } from "../ceilings/ceilings.ts";
import { bestPeer, type BudgetReport, type CaseReport, type Ceiling, isOwn, type Measured } from "../report.ts";

/** What is promised of the WebGPU backend, judged by what one run measured. */
export function gpuTargets(cases: readonly CaseReport[], ceilings: readonly Ceiling[], microseconds: number | null): BudgetReport[] {
  return [
    share("matmul 4096x4096x4096", "matmul 4096, of the measured arithmetic", 0.5, cases, ceilings),
    share("copy 32M", "a copy of 32M floats, of the measured bandwidth", 0.8, cases, ceilings),
    besidePeers("matmul 4096x4096x4096", "matmul 4096, beside the best peer", 1.3, cases),
    {
      name: "a dispatch, host and device",
      limit: "at most 15 µs",
      measured: microseconds === null ? "not measured" : `${microseconds.toFixed(1)} µs`,
      holds: microseconds === null ? null : microseconds <= 15,
    },
  ];
}

function share(name: string, what: string, atLeast: number, cases: readonly CaseReport[], ceilings: readonly Ceiling[]): BudgetReport {
  const report = cases.find((each) => each.name === name);
  const own = ownResult(report);
  const found = report === undefined || own === null ? null : shareOfCeiling(ceilings, report.work, own);
  return {
    name: what,
    limit: `at least ${100 * atLeast} %`,
    measured: found === null ? "not measured" : `${(100 * found).toFixed(1)} %`,
    holds: found === null ? null : found >= atLeast,
  };
}

function besidePeers(name: string, what: string, atLeast: number, cases: readonly CaseReport[]): BudgetReport {
  const report = cases.find((each) => each.name === name);
  const own = ownResult(report);
  const peer = report === undefined ? null : bestPeer(report, 1, "JavaScript");
  const ratio = own === null || peer === null ? null : peer.times.median / own.times.median;
  return {
    name: what,
    limit: `at least ${atLeast} times as fast`,
    measured: ratio === null ? "not measured" : `${ratio.toFixed(2)} times ${peer?.library ?? ""}`,
    holds: ratio === null ? null : ratio >= atLeast,
  };
}

function ownResult(report: CaseReport | undefined): Measured | null {
  return report?.results.find((result): result is Measured => result.kind === "measured" && isOwn(result)) ?? null;
}
