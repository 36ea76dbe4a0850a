import { judgeBars } from "./bars.ts";
import { caseGroups } from "./case-groups.ts";
import { speed } from "@gradus/conformance/perf";
import { shareOfCeiling } from "./ceilings/ceilings.ts";
import { type CaseReport, type Ceiling, isOwn, type Report, type Result } from "./report.ts";
import { byteCount, figure, hostLine, levelNames, percentage, ratio, sizeText, threadCount } from "./table.ts";

/** Replaces what stands between the markers of a document, `<!-- measured:NAME -->` and `<!-- /measured -->`, by a report's tables. */
export function renderInto(document: string, report: Report): string {
  const parts: Readonly<Record<string, string>> = {
    run: runLines(report),
    ceilings: ceilingRows(report),
    libraries: libraryRows(report),
    cases: caseTables(report),
    training: caseTables({ ...report, cases: report.cases.filter(({ name }) => name.includes("training")) }),
    bars: barRows(report),
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
    `\`${command}\`, ${date}: ${hostLine(host)}.`,
    ...(libraries.length === 0 ? [] : ["", `Libraries: ${libraries.join("; ")}.`]),
  ].join("\n");
}

function ceilingRows({ ceilings }: Report): string {
  const counts = [...new Set(ceilings.map(({ threads }) => threads))];
  const title = (ceiling: Ceiling): string =>
    ceiling.kind === "arithmetic"
      ? `${levelNames[ceiling.level]}, ${ceiling.unit}`
      : `copying ${byteCount(ceiling.bytes)}, ${ceiling.unit}`;
  const titles = [...new Set(ceilings.map(title))];
  return table(
    ["ceiling", ...counts.map(threadCount)],
    titles.map((name) => [
      name,
      ...counts.map((count) => {
        const found = ceilings.find((ceiling) => ceiling.threads === count && title(ceiling) === name);
        return found === undefined ? "" : figure(found.speed);
      }),
    ]),
  );
}

function libraryRows({ versions, sizes }: Report): string {
  const rows = Object.entries(versions).map(([library, version]) => {
    const size = sizes[library];
    return [library, version, size === undefined ? "" : sizeText(size)];
  });
  return table(["library", "version", "size"], rows);
}

/** A table for each group of cases, then why some have no figures. */
function caseTables({ cases, ceilings }: Report): string {
  const groups = caseGroups(cases);
  const notes: string[] = [];
  const tables = groups.map(([name, members]) => {
    const columns = [...new Set(members.flatMap(({ results }) => results.map(({ contender }) => contender)))];
    const rows = members.map((report) => [
      `${report.name}, ${report.work.unit}`,
      ...columns.map((column) => {
        const result = report.results.find(({ contender }) => contender === column);
        return cell(report, ceilings, result, notes);
      }),
    ]);
    const text = table(["case", ...columns], rows);
    return groups.length === 1 ? text : `### ${name.charAt(0).toUpperCase()}${name.slice(1)}\n\n${text}`;
  });
  return [...tables, ...(notes.length === 0 ? [] : [notes.map((note, i) => `${i + 1}. ${note}`).join("\n")])].join("\n\n");
}

function cell(report: CaseReport, ceilings: readonly Ceiling[], result: Result | undefined, notes: string[]): string {
  if (result === undefined) return "";
  if (result.kind !== "measured") {
    const note = `${result.library}: ${result.why}`;
    if (!notes.includes(note)) notes.push(note);
    return `${result.kind} (${notes.indexOf(note) + 1})`;
  }
  // A peer's distance from the ceiling can be read off its ratio; ours is told.
  const share = isOwn(result) ? percentage(shareOfCeiling(ceilings, report.work, result)) : "";
  const beside = [share === "" ? "" : `${share} of the ceiling`, ratio(report, result)].filter((text) => text !== "").join(", ");
  return `${figure(speed(report.work, result.times.median))}${beside === "" ? "" : ` (${beside})`}`;
}

/** Each bar with its lowest and highest ratio, and the cases below it by name. */
function barRows(report: Report): string {
  const rows = judgeBars(report).map(({ cases, threads, against, atLeast, ratios }) => {
    const sorted = ratios.toSorted((a, b) => a.ratio - b.ratio);
    const below = sorted.filter(({ ratio }) => ratio < atLeast);
    const range = [sorted[0], ...(sorted.length > 1 ? [sorted.at(-1)] : [])].map((one) => `${one?.ratio.toFixed(2) ?? ""}x`).join(" to ");
    const missed = below.slice(0, namedBelow).map(({ name, ratio }) => `${name} ${ratio.toFixed(2)}x`);
    if (below.length > namedBelow) missed.push(`${below.length - namedBelow} more`);
    return [
      cases,
      threadCount(threads),
      `${atLeast.toFixed(2)}x ${against}`,
      range,
      below.length === 0 ? "yes" : `**no**: ${missed.join(", ")}`,
    ];
  });
  return table(["cases", "on", "at least", "measured", "holds"], rows);
}

const namedBelow = 6;

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
