import { expect, test } from "vitest";
import { compareReports, comparisonLines, isWorse } from "../src/comparison.ts";
import type { Report } from "../src/report.ts";
import { matmul, measured, report, reportOf } from "./sample-report.ts";

const around = (median: number, spread = 0.01): number[] => Array.from({ length: 21 }, (_, i) => median * (1 + (spread * (i - 10)) / 10));
const verdict = (before: readonly number[], after: readonly number[]): string | undefined =>
  compareReports(reportOf(measured("gradus", 1, ...before)), reportOf(measured("gradus", 1, ...after))).changes[0]?.verdict;

test("a median beyond both spreads and 3 %, with quartiles apart, is a change", () => {
  expect(verdict(around(10), around(10.5))).toBe("slower");
  expect(verdict(around(10.5), around(10))).toBe("faster");
  expect(verdict(around(10), around(10.25))).toBe("same");
  // 10 % more, within times that scatter by 20 %.
  expect(verdict(around(10, 0.2), around(11, 0.01))).toBe("same");
  expect(verdict(around(10, 0.01), around(11, 0.2))).toBe("same");
  expect(verdict(around(10, 0.2), around(14, 0.2))).toBe("slower");
});

test("quartile ranges that meet are no change, however far the medians lie apart", () => {
  // Quartiles 9.9 to 11.4 and 11.3 to 12.1: the medians differ by 20 %, the spreads are 15 % and 7 %.
  expect(verdict([9.9, 9.9, 10, 11.4, 11.5], [11.2, 11.3, 12, 12.1, 12.1])).toBe("same");
  expect(verdict([9.9, 9.9, 10, 11.2, 11.5], [11.2, 11.3, 12, 12.1, 12.1])).toBe("slower");
});

test("a change within either spread is none, even where quartile ranges lie apart", () => {
  // Quartiles 9 to 11 and 11.1 to 12: 15 % between medians, and a spread of 20 % before.
  expect(verdict([8.9, 9, 10, 11, 11.2], [11, 11.1, 11.5, 12, 12.1])).toBe("same");
});

test("a case too slow to be timed often must change by more than 10 %", () => {
  expect(verdict([1000], [1080])).toBe("same");
  expect(verdict([1000], [1200])).toBe("slower");
});

test("a machine whose ceiling moved by as much is the reason, and is told", () => {
  const slowed: Report = {
    ...reportOf(measured("gradus", 1, ...around(11))),
    ceilings: report.ceilings.map((ceiling) => ({ ...ceiling, speed: ceiling.speed / 1.12 })),
  };
  const { changes, warnings } = compareReports(reportOf(measured("gradus", 1, ...around(10))), slowed);
  expect(changes[0]?.verdict).toBe("same");
  expect(warnings).toEqual(["the machine itself differs by 12 % on 1 thread, going by its ceilings"]);
});

test("only Gradus becoming slower, or no longer measured, is worse", () => {
  const before = reportOf(measured("gradus", 1, ...around(10)), measured("jax-js", 1, ...around(10)));
  const slowPeer = reportOf(measured("gradus", 1, ...around(10)), measured("jax-js", 1, ...around(20)));
  const slow = reportOf(measured("gradus", 1, ...around(20)), measured("jax-js", 1, ...around(10)));
  const wrong = reportOf({ contender: "gradus", library: "gradus", threads: 1, kind: "wrong", why: "out differs" });
  expect([before, slowPeer, slow, wrong].map((after) => isWorse(compareReports(before, after)))).toEqual([false, false, true, true]);
  expect(comparisonLines(compareReports(before, slowPeer))).toEqual([
    "slower  matmul, jax-js  10.000 -> 20.000 ms, 2.00x (noise 3 %)",
    "1 slower, 0 faster, 1 the same, 0 not judged, 0 lost",
  ]);
  expect(comparisonLines(compareReports(before, wrong))).toEqual([
    "lost    matmul, gradus: measured before, now wrong: out differs",
    "0 slower, 0 faster, 0 the same, 0 not judged, 1 lost",
  ]);
});

test("a case that others disturbed in either run is not judged", () => {
  const [before, after] = [10, 20].map((median) => reportOf(measured("gradus", 1, ...around(median))));
  if (before === undefined || after === undefined) expect.unreachable();
  const disturbed = { ...after, cases: after.cases.map((one) => ({ ...one, othersShare: 0.5 })) };
  const comparison = compareReports(before, disturbed);
  expect(isWorse(comparison)).toBe(false);
  expect(comparisonLines(comparison)).toEqual([
    "warning: matmul is not judged: others took 1 % of the machine in the old run, 50 % in the new one",
    "0 slower, 0 faster, 0 the same, 1 not judged, 0 lost",
  ]);
});

test("runs of different machines are refused; of different work or libraries, told", () => {
  expect(() => compareReports(report, { ...report, host: { ...report.host, cores: 8 } })).toThrow(
    "bench: the old run is of A processor with 2 cores and the new one of A processor with 8 cores",
  );
  const other: Report = {
    ...report,
    host: { ...report.host, node: "v26.0.0" },
    versions: { ...report.versions, "jax-js": "0.2" },
    cases: [{ ...matmul, work: { unit: "GFLOP/s", operations: 1 } }],
  };
  expect(compareReports(report, other).warnings).toEqual([
    "Node was v24.0.0 in the old run and is v26.0.0 in the new one",
    "jax-js was 0.1 in the old run and is 0.2 in the new one",
    "matmul is not the same work in both runs, and is left out",
    "the runs have no case and contender in common",
  ]);
});
