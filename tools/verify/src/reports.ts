import { globSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

/** The sum of every runner's report. */
export interface Total {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly Skip[];
}

export interface Skip {
  readonly test: string;
  /** Undefined where nobody gave one, which is a failure of its own. */
  readonly reason: string | undefined;
}

/** Where each package's vitest leaves its JSON report: see vitest.shared.ts. */
const PATTERN = "{packages,apps,tools}/*/.reports/*.json";

/** Removes the reports of earlier runs, so that a runner that never starts is not counted by its last success. */
export function clearReports(root: string): void {
  for (const path of globSync(PATTERN, { cwd: root })) rmSync(join(root, path));
}

/** Sums every report below `root`. */
export function readReports(root: string): Total {
  const total = { passed: 0, failed: 0, skipped: new Array<Skip>() };
  for (const path of globSync(PATTERN, { cwd: root }).sort()) {
    const report = sum(JSON.parse(readFileSync(join(root, path), "utf8")), root);
    total.passed += report.passed;
    total.failed += report.failed;
    total.skipped.push(...report.skipped);
  }
  return total;
}

/**
 * Sums one vitest JSON report. A file that failed before its first test (an import that throws) has no
 * failed test in the report; it counts as one. Whatever is neither passed nor skipped has failed.
 */
export function sum(report: unknown, root: string): Total {
  let passed = 0;
  let failed = 0;
  const skipped: Skip[] = [];
  for (const file of list(report, "testResults")) {
    const before = failed;
    for (const test of list(file, "assertionResults")) {
      const status = text(test, "status");
      if (status === "passed") passed += 1;
      else if (status === "skipped" || status === "pending" || status === "todo") skipped.push(skip(file, test, root));
      else failed += 1;
    }
    if (text(file, "status") !== "passed" && failed === before) failed += 1;
  }
  return { passed, failed, skipped };
}

/** The line continuous integration reads: `12 passed, 0 failed, 3 skipped`. */
export function totalLine({ passed, failed, skipped }: Total): string {
  return `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`;
}

/** One line per reason, most tests first, with the tests that have none by name. */
export function skipLines(skipped: readonly Skip[]): string[] {
  const counts = new Map<string, number>();
  for (const { reason } of skipped) if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const lines = [...counts].sort(([, a], [, b]) => b - a).map(([reason, count]) => `  ${count} x ${reason}`);
  return [...lines, ...skipped.filter(({ reason }) => reason === undefined).map(({ test }) => `  no reason given: ${test}`)];
}

function skip(file: unknown, test: unknown, root: string): Skip {
  const name = text(test, "fullName");
  const note = field(field(test, "meta"), "skipReason");
  return {
    test: `${relative(root, text(file, "name"))} > ${name}`,
    reason: typeof note === "string" ? note : /\((needs [^)]+)\)/.exec(name)?.[1],
  };
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function list(value: unknown, key: string): readonly unknown[] {
  const found = field(value, key);
  if (!Array.isArray(found)) throw new Error(`a test report has no list "${key}"`);
  return found;
}

function text(value: unknown, key: string): string {
  const found = field(value, key);
  if (typeof found !== "string") throw new Error(`a test report has no text "${key}"`);
  return found;
}
