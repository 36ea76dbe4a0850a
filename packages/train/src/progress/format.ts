import type { MetricValue } from "../metric/metric.ts";

/** `"3 s"`, `"2 min 05 s"`, `"1 h 20 min"`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** `"97.35 %"`; nothing but a number has a percentage. */
export function formatPercent(value: MetricValue | undefined): string | null {
  return typeof value === "number" ? `${(100 * value).toFixed(2)} %` : null;
}

/** Four significant digits: `"0.06123"`, `"2.303"`, `"NaN"`. */
export function formatLoss(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(4) : String(value);
}

/** `"12,340"`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
