import { speed } from "./case.ts";
import { type CaseReport, counterpart, type Host, type Result } from "./report.ts";

/** One case as lines for a terminal: a row for each contender. */
export function caseTable(report: CaseReport): string {
  const rows = [
    ["", "best ms", "median ms", "spread", report.work.unit, "Gradus is"],
    ...report.results.map((result) => row(report, result)),
  ];
  const widths =
    rows[0]?.map((_, column) =>
      Math.max(...rows.filter(({ length }) => column === 0 || length > 2).map((cells) => (cells[column] ?? "").length)),
    ) ?? [];
  const lines = rows.map((cells) => {
    const [name = "", ...rest] = cells;
    if (rest.length === 1) return `  ${name.padEnd(widths[0] ?? 0)}  ${rest[0] ?? ""}`;
    return `  ${name.padEnd(widths[0] ?? 0)}  ${rest.map((cell, i) => cell.padStart(widths[i + 1] ?? 0)).join("  ")}`.trimEnd();
  });
  return [report.name, ...lines].join("\n");
}

export function hostLine({ cpu, cores, node, system }: Host): string {
  return `${cpu}, ${cores} cores, Node ${node}, ${system}`;
}

function row(report: CaseReport, result: Result): string[] {
  if (result.kind !== "measured") return [result.contender, `${result.kind}: ${result.why}`];
  const { min, median, spread } = result.times;
  return [
    result.contender,
    min.toFixed(3),
    median.toFixed(3),
    `${(spread * 100).toFixed(0)} %`,
    figure(speed(report.work, median)),
    ratio(report, result),
  ];
}

/** How many times as fast as this contender Gradus is, by medians: a peer's counterpart, or Gradus on one thread beside itself on more. */
export function ratio(report: CaseReport, result: Result): string {
  if (result.kind !== "measured") return "";
  const ours = counterpart(report, result);
  if (ours === null) return "";
  if (ours !== result) return `${(result.times.median / ours.times.median).toFixed(2)}x`;
  const single = report.results.find((one) => one.kind === "measured" && one.library === "gradus" && one.threads === 1);
  return single?.kind === "measured" && single !== result ? `${(single.times.median / result.times.median).toFixed(2)}x 1 thread` : "";
}

/** Three digits, without decimals from a hundred on. */
export function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-GB");
  return value.toFixed(value >= 10 ? 1 : 2);
}
