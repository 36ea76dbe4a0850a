// `pnpm bench`: measures Gradus beside its peers, and the budgets of its design. `usage` in options.ts says how.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cases } from "@gradus/conformance/perf";
import { bestLevel } from "@gradus/wasm";
import { budgets } from "./budgets/budgets.ts";
import { type Contender, contenders } from "./contenders.ts";
import { describeHost } from "./host.ts";
import { installPeers } from "./install-peers.ts";
import { measure } from "./measure.ts";
import { type Options, readOptions, usage, UsageError } from "./options.ts";
import { profileCase, profileTable } from "./profile.ts";
import { renderInto } from "./render.ts";
import type { BudgetReport, Report } from "./report.ts";
import { caseTable, hostLine } from "./table.ts";

/** Pages that show measured tables, by their path in the repository. */
const documents = ["docs/performance.md", "README.md"];

try {
  const { positionals } = parseArgs({ strict: false, allowPositionals: true });
  if (positionals[0] === "render") rewrite(readReport(positionals[1]));
  else if (positionals[0] === "profile") await profile(readOptions(process.argv.slice(3)));
  else await run(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}

async function run(options: Options): Promise<void> {
  const wanted = (name: string): boolean => options.filters.length === 0 || options.filters.some((word) => name.includes(word));
  const onlyBudgets = options.filters[0] === "budgets";
  const chosenCases = onlyBudgets ? [] : cases.filter(({ name }) => wanted(name));
  const chosenBudgets = onlyBudgets || options.docs ? budgets : [];
  if (chosenCases.length + chosenBudgets.length === 0)
    throw new UsageError(`no case is called ${options.filters.join(" or ")}; there are ${cases.map(({ name }) => name).join(", ")}`);

  const host = describeHost();
  console.log(hostLine(host));
  const measured =
    chosenCases.length === 0
      ? { cases: [], versions: {} }
      : await measure({
          cases: chosenCases,
          contenders: available(contenders(options)),
          effort: { rounds: 7, turn: 100 * options.effort, warmUp: 300 * options.effort },
          onCase: (report) => say(`\n${caseTable(report)}`),
          onProgress: progress,
        });
  const judged: BudgetReport[] = [];
  for (const { name, limit, measure: measureBudget } of chosenBudgets) {
    progress(`budget: ${name}`);
    const result = await measureBudget().catch((error: unknown) => ({
      measured: `not measured: ${error instanceof Error ? error.message : String(error)}`,
      holds: null,
    }));
    const report = { name, limit, ...result };
    judged.push(report);
    say(`${report.holds === null ? "     " : report.holds ? "ok   " : "OVER "} ${name}: ${report.measured} (budget ${limit})`);
  }
  progress("");
  for (const [library, version] of Object.entries(measured.versions)) console.log(`${library}: ${version}`);

  // Where the figures went says nothing about how they were made.
  const command = ["pnpm bench", ...process.argv.slice(2).filter((arg, i, all) => arg !== "--json" && all[i - 1] !== "--json")].join(" ");
  const report: Report = { format: 1, command, date: new Date().toISOString().slice(0, 10), host, ...measured, budgets: judged };
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.docs) rewrite(report);
}

async function profile({ filters, threads, levels, effort }: Options): Promise<void> {
  const chosen = cases.filter(({ name }) => filters.some((word) => name.includes(word)));
  if (chosen.length === 0)
    throw new UsageError(`profile takes words of a case's name; there are ${cases.map(({ name }) => name).join(", ")}`);
  console.log(hostLine(describeHost()));
  for (const one of chosen)
    for (const level of levels.length === 0 ? [bestLevel()] : levels)
      for (const count of threads) {
        const measured = await profileCase(one, { threads: count, level, milliseconds: 1000 * effort });
        console.log(`\n${one.name}, ${level}, ${count} thread${count === 1 ? "" : "s"}\n${profileTable(measured)}`);
      }
}

/** Installs the peers where some are wanted; those that cannot be had are left out, with a line that says why. */
function available(wanted: Contender[]): Contender[] {
  if (!wanted.some(({ installed }) => installed)) return wanted;
  const why = installPeers((line) => console.log(line));
  if (why === null) return wanted;
  console.log(why);
  return wanted.filter(({ installed }) => !installed);
}

function rewrite(report: Report): void {
  for (const document of documents) {
    const path = fileURLToPath(new URL(`../../../${document}`, import.meta.url));
    writeFileSync(path, renderInto(readFileSync(path, "utf8"), report));
    console.log(`wrote ${document}`);
  }
}

function readReport(path: string | undefined): Report {
  if (path === undefined) throw new UsageError("render takes the file that --json wrote");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this program; another format is refused below
  const report = JSON.parse(readFileSync(path, "utf8")) as Report;
  if (report.format !== 1) throw new UsageError(`${path} was not written by this version of pnpm bench`);
  return report;
}

function say(line: string): void {
  progress("");
  console.log(line);
}

/** One line that the next one replaces, where there is a terminal. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
