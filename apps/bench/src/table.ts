import { speed } from "@gradus/conformance/perf";
import { shareOfCeiling } from "./ceilings/ceilings.ts";
import {
  bestPeer,
  type CaseReport,
  type Ceiling,
  counterpart,
  type Host,
  isDisturbed,
  isOwn,
  type LibrarySize,
  type Result,
} from "./report.ts";

/** One case as lines for a terminal: a row for each contender, then how Gradus stands beside the best peers. */
export function caseTable(report: CaseReport, ceilings: readonly Ceiling[]): string {
  const rows = [
    ["", "best ms", "median ms", "spread", "first ms", "peak MB", report.work.unit, "ceiling", "Gradus is"],
    ...report.results.map((result) => row(report, result, ceilings)),
  ];
  // A contender without times has a sentence in place of numbers.
  const lines = [...standings(report), ...disturbance(report)].map((line) => `  ${line}`);
  return [report.name, ...aligned(rows, (cells) => cells.length === 2), ...lines].join("\n");
}

export function hostLine({ cpu, cores, node, browser, system }: Host): string {
  return `${cpu}, ${cores} cores, ${browser === null ? `Node ${node}` : `${browser}, headless`}, ${system}`;
}

/** A line for each thread count: what was measured as the most the host can do. */
export function ceilingLines(ceilings: readonly Ceiling[]): string[] {
  const counts = [...new Set(ceilings.map(({ threads }) => threads))];
  return counts.map((count) => {
    const mine = ceilings.filter(({ threads }) => threads === count);
    const arithmetic = mine.filter((ceiling) => ceiling.kind === "arithmetic");
    const copies = mine.filter((ceiling) => ceiling.kind === "copy");
    const parts = [
      ...arithmetic.map(({ level, speed: most }) => `${levelNames[level]} ${figure(most)} GFLOP/s`),
      ...(copies.length === 0
        ? []
        : [`copying ${copies.map(({ bytes, speed: most }) => `${byteCount(bytes)} ${figure(most)}`).join(", ")} GB/s`]),
    ];
    return `ceiling on ${threadCount(count)}: ${parts.join("; ")}`;
  });
}

export const levelNames = { relaxed: "fused multiply-add", simd: "multiply and add", scalar: "scalar", shader: "shader" } as const;

/** How Gradus stands on each thread count beside the fastest peer in JavaScript and the fastest native one. */
export function standings(report: CaseReport): string[] {
  const own = report.results.filter((result) => result.kind === "measured" && isOwn(result));
  const lines: string[] = [];
  for (const count of new Set(own.map(({ threads }) => threads))) {
    const parts = (["JavaScript", "native"] as const).flatMap((among) => {
      const peer = bestPeer(report, count, among);
      return peer === null ? [] : [`${ratio(report, peer)} the best ${among} peer (${peer.library})`];
    });
    if (parts.length > 0) lines.push(`Gradus on ${threadCount(count)}: ${parts.join(", ")}`);
  }
  return lines;
}

/** A line that says so where others took so much of the machine that the times mean little. */
export function disturbance(report: CaseReport): string[] {
  return isDisturbed(report)
    ? [`others took ${percentage(report.othersShare)} of the machine meanwhile: measure again when it is quiet`]
    : [];
}

/** How many times as fast as this contender Gradus is, by medians: a peer's counterpart, or Gradus on one thread beside itself on more. */
export function ratio(report: CaseReport, result: Result): string {
  if (result.kind !== "measured") return "";
  if (!isOwn(result)) {
    const ours = counterpart(report, result);
    return ours === null ? "" : `${(result.times.median / ours.times.median).toFixed(2)}x`;
  }
  const single = report.results.find((one) => one.library === result.library && one.threads === 1);
  return single?.kind === "measured" && single !== result ? `${(single.times.median / result.times.median).toFixed(2)}x 1 thread` : "";
}

/** Three digits, without decimals from a hundred on. */
export function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-GB");
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function percentage(share: number | null): string {
  return share === null ? "" : `${(share * 100).toFixed(0)} %`;
}

export function megabytes(bytes: number | null): string {
  return bytes === null ? "" : figure(bytes / 1e6);
}

/** What a library weighs, in words. */
export function sizeText(size: LibrarySize): string {
  switch (size.kind) {
    case "bundle":
      return `${kilobytes(size.script + size.fetched)} gzipped${size.fetched === 0 ? "" : `, ${kilobytes(size.fetched)} of them WebAssembly`}`;
    case "package":
      return `${kilobytes(size.bytes)} on disk; no browser loads it`;
    case "cannot":
      return `not known: ${size.why}`;
  }
}

export function threadCount(count: number): string {
  return count === 1 ? "1 thread" : `${count} threads`;
}

/** A power of two in its unit. */
export function byteCount(bytes: number): string {
  return bytes >= 1 << 20 ? `${bytes / (1 << 20)} MiB` : `${bytes / 1024} KiB`;
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000).toLocaleString("en-GB")} kB`;
}

function row(report: CaseReport, result: Result, ceilings: readonly Ceiling[]): string[] {
  if (result.kind !== "measured") return [result.contender, `${result.kind}: ${result.why}`];
  const { min, median, spread } = result.times;
  return [
    result.contender,
    min.toFixed(3),
    median.toFixed(3),
    percentage(spread),
    figure(result.firstMilliseconds),
    megabytes(result.peakBytes),
    figure(speed(report.work, median)),
    percentage(shareOfCeiling(ceilings, report.work, result)),
    ratio(report, result),
  ];
}

/** Rows as indented lines, the first column to the left and the others to the right; a row that `isNote` takes no part in the widths. */
function aligned(rows: readonly (readonly string[])[], isNote: (cells: readonly string[]) => boolean): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.filter((cells) => column === 0 || !isNote(cells)).map((cells) => (cells[column] ?? "").length)),
  );
  return rows.map((cells) => {
    const [name = "", ...rest] = cells;
    const padded = isNote(cells) ? rest : rest.map((cell, i) => cell.padStart(widths[i + 1] ?? 0));
    return `  ${[name.padEnd(widths[0] ?? 0), ...padded].join("  ")}`.trimEnd();
  });
}
