// `pnpm bench`: measures Gradus beside its peers, and the budgets of its design. `usage` in options.ts says how.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cases, gpuCases, type PerfCase } from "@gradus/conformance/perf";
import { GradusError } from "@gradus/tensor";
import { bestLevel } from "@gradus/wasm";
import { budgets } from "./budgets/budgets.ts";
import { measureCeilings } from "./ceilings/ceilings.ts";
import { compareReports, comparisonLines, isWorse } from "./comparison.ts";
import { measureLoop } from "./ceilings/measure-loop.ts";
import type { BrowserRun } from "./browser/browser-run.ts";
import { isPagePeer } from "./browser/page-peers.ts";
import { contenders, isPeer } from "./contenders.ts";
import { describeHost } from "./host.ts";
import { dispatchOverhead } from "./gpu/dispatch-overhead.ts";
import { measureGpuCeilings } from "./gpu/gpu-ceilings.ts";
import { gpuContenders, isGpuPeer } from "./gpu/gpu-contenders.ts";
import { gpuTargets } from "./gpu/gpu-targets.ts";
import { htmlReport } from "./html/report-page.ts";
import { installPeers } from "./install-peers.ts";
import { librarySizes } from "./library-sizes.ts";
import { measure } from "./measure.ts";
import { type Options, readOptions, usage, UsageError } from "./options.ts";
import { profileCase } from "./profile.ts";
import { readReport } from "./read-report.ts";
import { renderInto } from "./render.ts";
import { type BudgetReport, type CaseReport, type Report, reportFormat } from "./report.ts";
import { caseTable, ceilingLines, hostLine, sizeText } from "./table.ts";

/** Pages that show measured tables, by their path in the repository. */
const documents = ["docs/performance.md", "README.md"];

type Measurements = Pick<Report, "ceilings" | "cases" | "versions" | "sizes">;

const nothing: Measurements = { ceilings: [], cases: [], versions: {}, sizes: {} };

try {
  const [command, ...rest] = process.argv.slice(2);
  if (command === "render") renderFile(readOptions(rest));
  else if (command === "compare") compareFiles(readOptions(rest));
  else if (command === "profile") await profile(readOptions(rest));
  else await run(readOptions(process.argv.slice(2)));
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else if (error instanceof GradusError) console.error(error.message);
  else throw error;
  process.exitCode = 2;
}

async function run(options: Options): Promise<void> {
  const wanted = (name: string): boolean => options.filters.length === 0 || options.filters.some((word) => name.includes(word));
  const onlyBudgets = options.filters[0] === "budgets";
  const chosenCases = onlyBudgets ? [] : (options.gpu ? gpuCases : cases).filter(({ name }) => wanted(name));
  const chosenBudgets = onlyBudgets || options.docs ? budgets : [];
  if (chosenCases.length + chosenBudgets.length === 0)
    throw new UsageError(
      `no case is called ${options.filters.join(" or ")}; there are ${(options.gpu ? gpuCases : cases).map(({ name }) => name).join(", ")}`,
    );

  const browser = options.browser ? await startBrowser() : null;
  const host = describeHost(browser?.name ?? null);
  console.log(hostLine(host));
  const reportOf = (measurements: Measurements, judged: readonly BudgetReport[]): Report => ({
    format: reportFormat,
    command: commandLine(),
    date: new Date().toISOString().slice(0, 10),
    host,
    ...measurements,
    budgets: judged,
  });
  // A run of many cases takes long: what it has is kept as it goes.
  const keep = (soFar: Measurements): void => writeJson(options, reportOf(soFar, []));
  let measured = nothing;
  try {
    if (chosenCases.length > 0) measured = await measureAll(chosenCases, options, browser, keep);
  } finally {
    await browser?.stop();
  }
  const judged: BudgetReport[] = options.gpu ? await judgeGpu(measured) : [];
  for (const report of judged) sayBudget(report);
  for (const { name, limit, measure: measureBudget } of chosenBudgets) {
    progress(`budget: ${name}`);
    const result = await measureBudget().catch((error: unknown) => ({
      measured: `not measured: ${error instanceof Error ? error.message : String(error)}`,
      holds: null,
    }));
    const report = { name, limit, ...result };
    judged.push(report);
    sayBudget(report);
  }
  progress("");
  for (const [library, version] of Object.entries(measured.versions)) {
    const size = measured.sizes[library];
    console.log(`${library}: ${version}${size === undefined ? "" : `; ${sizeText(size)}`}`);
  }

  const report = reportOf(measured, judged);
  writeJson(options, report);
  if (options.html !== null) writeFileSync(options.html, htmlReport(report));
  if (options.docs) rewrite(report);
}

function sayBudget({ name, limit, measured, holds }: BudgetReport): void {
  say(`${holds === null ? "     " : holds ? "ok   " : "OVER "} ${name}: ${measured} (budget ${limit})`);
}

/** What is promised on GPUs. */
async function judgeGpu({ cases: measured, ceilings }: Measurements): Promise<BudgetReport[]> {
  progress("overhead of a dispatch");
  const microseconds = await dispatchOverhead().catch(() => null);
  return gpuTargets(measured, ceilings, microseconds);
}

function writeJson({ json }: Options, report: Report): void {
  if (json !== null) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
}

async function startBrowser(): Promise<BrowserRun> {
  progress("starting Chromium");
  // Only runs in a browser need what starts one.
  const { BrowserRun } = await import("./browser/browser-run.ts");
  return BrowserRun.start();
}

async function measureAll(
  chosen: readonly PerfCase[],
  options: Options,
  browser: BrowserRun | null,
  keep: (soFar: Measurements) => void,
): Promise<Measurements> {
  const { threads, levels, effort, gpu } = options;
  const wanted = { threads, levels, effort: Math.min(1, effort) };
  if (browser !== null) progress("ceilings in the browser");
  const ceilings = gpu
    ? await measureGpuCeilings({ effort: Math.min(1, effort), onProgress: progress })
    : await (browser?.ceilings(wanted) ?? measureCeilings({ ...wanted, measureLoop, onProgress: progress }));
  for (const line of ceilingLines(ceilings)) say(line);
  const who = gpu
    ? gpuContenders(options.peers.filter(isGpuPeer))
    : (browser?.contenders({ threads, levels, peers: options.peers.filter(isPagePeer) }) ??
      contenders({ threads, levels, peers: options.peers.filter(isPeer) }));
  const done: CaseReport[] = [];
  const measured = await measure({
    cases: chosen,
    contenders: who,
    notInstalled: who.some(({ installed }) => installed) ? installPeers((line) => console.log(line)) : null,
    // A GPU raises its clocks while it works, for about a second.
    effort: { rounds: 7, turn: 100 * effort, warmUp: (gpu ? 1000 : 300) * effort },
    onCase: (report) => {
      say(`\n${caseTable(report, ceilings)}`);
      done.push(report);
      keep({ ...nothing, ceilings, cases: done });
    },
    onProgress: progress,
  });
  progress("weighing the libraries");
  // Only reports show sizes, and bundling takes longer than a short run.
  const kept = options.json !== null || options.html !== null || options.docs;
  return { ceilings, ...measured, sizes: kept ? await librarySizes(Object.keys(measured.versions)) : {} };
}

/** How the figures were made; where they went says nothing about it. */
function commandLine(): string {
  const outputs = ["--json", "--html"];
  const args = process.argv.slice(2).filter((arg, i, all) => !outputs.includes(arg) && !outputs.includes(all[i - 1] ?? ""));
  return ["pnpm bench", ...args].join(" ");
}

function renderFile({ filters: [path, ...rest], html }: Options): void {
  if (path === undefined || rest.length > 0) throw new UsageError("render takes the file that --json wrote");
  const report = readReport(path);
  if (html === null) rewrite(report);
  else writeFileSync(html, htmlReport(report));
}

function compareFiles({ filters: [before, after, ...rest] }: Options): void {
  if (before === undefined || after === undefined || rest.length > 0)
    throw new UsageError("compare takes two files that --json wrote, the old one first");
  const comparison = compareReports(readReport(before), readReport(after));
  for (const line of comparisonLines(comparison)) console.log(line);
  if (isWorse(comparison)) process.exitCode = 1;
}

async function profile({ filters, threads, levels, effort }: Options): Promise<void> {
  const chosen = cases.filter(({ name }) => filters.some((word) => name.includes(word)));
  if (chosen.length === 0)
    throw new UsageError(`profile takes words of a case's name; there are ${cases.map(({ name }) => name).join(", ")}`);
  console.log(hostLine(describeHost(null)));
  for (const one of chosen)
    for (const level of levels.length === 0 ? [bestLevel()] : levels)
      for (const count of threads) {
        const measured = await profileCase(one, { threads: count, level, milliseconds: 1000 * effort });
        console.log(`\n${one.name}, ${level}, ${count} thread${count === 1 ? "" : "s"}\n${measured.table()}`);
      }
}

function rewrite(report: Report): void {
  for (const document of documents) {
    const path = fileURLToPath(new URL(`../../../${document}`, import.meta.url));
    writeFileSync(path, renderInto(readFileSync(path, "utf8"), report));
    console.log(`wrote ${document}`);
  }
}

function say(line: string): void {
  progress("");
  console.log(line);
}

/** One line that the next one replaces, where there is a terminal. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
