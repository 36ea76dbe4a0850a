// `pnpm check` runs this with CHECK_STEPS, `pnpm test` with TEST_STEPS. Every step runs, whatever failed before it.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "../../browser/src/chromium.ts";
import { clearReports, readReports, skipLines, totalLine } from "./reports.ts";
import { CHECK_STEPS, TEST_STEPS, type Step } from "./steps.ts";

const ROOT = join(import.meta.dirname, "../../..");
const TOTAL = join(ROOT, ".reports/total.txt");

rmSync(TOTAL, { force: true });
clearReports(ROOT);
const notRun: string[] = [];
const problems = (process.argv[2] === "check" ? CHECK_STEPS : TEST_STEPS).flatMap(run);
const total = readReports(ROOT);
mkdirSync(join(ROOT, ".reports"), { recursive: true });
writeFileSync(TOTAL, `${totalLine(total)}\n`);

if (total.failed > 0) problems.push(`${total.failed} tests failed`);
if (total.passed + total.failed === 0) problems.push("no test ran");
if (total.skipped.some(({ reason }) => reason === undefined)) problems.push("a test is skipped without a reason");

console.log(`\n\u2500\u2500 tests: ${totalLine(total)}`);
for (const line of [...skipLines(total.skipped), ...notRun]) console.log(line);
for (const problem of problems) console.log(`FAILED: ${problem}`);
if (problems.length > 0) process.exitCode = 1;

/** Runs one step; returns what to report when it failed. */
function run({ script, proves }: Step): string[] {
  console.log(`\n\u2500\u2500 ${script}: ${proves}`);
  // Continuous integration installs a browser; there its absence fails the step.
  if (script === "test:browser" && process.env["CI"] === undefined && findChromium() === undefined) {
    notRun.push("  browser tests did not run: no Chromium on PATH or in CHROMIUM_PATH");
    return [];
  }
  const started = performance.now();
  const { status } = spawnSync(process.execPath, ["--run", script], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  console.log(`\u2500\u2500 ${script}: ${status === 0 ? "ok" : "FAILED"}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return status === 0 ? [] : [`${script} (run it alone with \`pnpm ${script === "docs" ? "run docs" : script}\`)`];
}
