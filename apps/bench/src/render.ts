import { speed } from "./case.ts";
import type { CaseReport, Report, Result } from "./report.ts";
import { figure, ratio } from "./table.ts";

/** Replaces what stands between the markers of a document, `<!-- measured:NAME -->` and `<!-- /measured -->`, by a report's tables. */
export function renderInto(document: string, report: Report): string {
  const parts: Readonly<Record<string, string>> = {
    run: runLines(report),
    cases: caseRows(report),
    training: caseRows({ ...report, cases: report.cases.filter(({ name }) => name.includes("training")) }),
    budgets: budgetRows(report),
  };
  return document.replaceAll(
    /(<!-- measured:(\w+) -->\n)[\s\S]*?(<!-- \/measured -->)/g,
    (whole, open: string, name: string, close: string) => {
      const text = parts[name];
      return text === undefined ? whole : `${open}\n${text}\n\n${close}`;
    },
  );
}

function runLines({ command, date, host, versions }: Report): string {
  const libraries = Object.entries(versions).map(([library, version]) => `${library} ${version}`);
  return [
    `\`${command}\`, ${date}: ${host.cpu}, ${host.cores} cores, Node ${host.node}, ${host.system}.`,
    ...(libraries.length === 0 ? [] : ["", `Libraries: ${libraries.join("; ")}.`]),
  ].join("\n");
}

function caseRows({ cases }: Report): string {
  const columns = [...new Set(cases.flatMap(({ results }) => results.map(({ contender }) => contender)))];
  const notes: string[] = [];
  const rows = cases.map((report) => [
    `${report.name}, ${report.work.unit}`,
    ...columns.map((column) =>
      cell(
        report,
        report.results.find(({ contender }) => contender === column),
        notes,
      ),
    ),
  ]);
  return [
    table(["case", ...columns], rows),
    ...(notes.length === 0 ? [] : ["", notes.map((note, i) => `${i + 1}. ${note}`).join("\n")]),
  ].join("\n");
}

function cell(report: CaseReport, result: Result | undefined, notes: string[]): string {
  if (result === undefined) return "";
  if (result.kind !== "measured") {
    const note = `${result.library}: ${result.why}`;
    if (!notes.includes(note)) notes.push(note);
    return `${result.kind} (${notes.indexOf(note) + 1})`;
  }
  const beside = ratio(report, result);
  return `${figure(speed(report.work, result.times.median))}${beside === "" ? "" : ` (${beside})`}`;
}

function budgetRows({ budgets }: Report): string {
  return table(
    ["budget", "limit", "measured", "holds"],
    budgets.map(({ name, limit, measured, holds }) => [name, limit, measured, holds === null ? "not judged" : holds ? "yes" : "**no**"]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
