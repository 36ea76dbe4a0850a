import type { TimingClock } from "../plan.ts";
import type { ProfileReport } from "./report.ts";
import type { StepTime } from "./step-times.ts";

/** What the times of a clock are worth. */
const clocks: Readonly<Record<TimingClock, string>> = {
  "device timestamps": "device timestamps, before and after each kernel",
  "host, kernel by kernel": "the host's, read after each kernel",
  "host, per run": "the host's, for whole runs: kernels' shares are estimates, in proportion to their FLOPs and bytes",
};

/** A report as aligned text. */
export function profileTable({ backend, clock, tick, milliseconds, steps, kernels, host }: ProfileReport): string {
  if (clock === null) return `nothing ran on ${backend} in ${milliseconds.toFixed(3)} ms`;
  const rows = [
    ["ms", "share", "calls", "median ms", "GFLOP/s", "GB/s", "plan", "step", "kernel"],
    ...steps.flatMap((step) => rowsOf(step, kernels.milliseconds)),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 6 || column === 8 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  const outside = (["planning", "preparing", "launching", "waiting", "other"] as const).map((kind) => `${kind} ${host[kind].toFixed(3)}`);
  return [
    ...rows.map((cells) => line(cells).trimEnd()),
    "",
    `${kernels.runs} kernels ${kernels.milliseconds.toFixed(3)} ms, ${figure(kernels.flops / 1e9)} GFLOP, ${figure(kernels.bytes / 1e9)} GB; ${milliseconds.toFixed(3)} ms in all, on ${backend}`,
    `outside kernels, ms: ${outside.join(", ")}`,
    `clock: ${clocks[clock]}${tick === null || tick < 0.001 ? "" : `, in steps of ${figure(tick * 1000)} microseconds`}`,
  ].join("\n");
}

/** A step's line; kernels have lines of their own below it where they are several. */
function rowsOf({ milliseconds, calls, median, gigaflops, gigabytes, plan, step, label, kernels }: StepTime, whole: number): string[][] {
  const time = (of: number): string[] => [of.toFixed(3), whole === 0 ? "" : `${((100 * of) / whole).toFixed(1)} %`];
  const [first] = kernels;
  const only = kernels.length === 1 && first !== undefined && first.name !== label ? `: ${first.name}` : "";
  const ops = label.length > longestLabel ? `${label.slice(0, longestLabel)}...` : label;
  const rates = [gigaflops, gigabytes].map((rate) => (rate === null ? "" : figure(rate)));
  const parts = kernels.length === 1 ? [] : kernels;
  return [
    [...time(milliseconds), String(calls), median.toFixed(4), ...rates, plan, String(step), `${ops}${only}`],
    ...parts.map((part) => [...time(part.milliseconds), "", "", "", "", "", "", `  ${part.name}`]),
  ];
}

/** Fused steps are named after all their ops. */
const longestLabel = 60;

/** Three digits that count. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
