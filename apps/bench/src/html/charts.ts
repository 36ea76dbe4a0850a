import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { speed } from "@gradus/conformance/perf";
import { ceilingOf, shareOfCeiling } from "../ceilings/ceilings.ts";
import { bestPeer, type CaseReport, type Ceiling, counterpart, isNative, isOwn, type Measured } from "../report.ts";
import { figure, percentage, threadCount } from "../table.ts";
import { Markup } from "./markup.ts";

/** Pixels: a phone's width, at which a chart is drawn so that its text keeps its size there. */
export const narrow = 320;
export const wide = 560;

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** Bars of every measured contender's speed at one case, each with a tick at the ceiling of its threads. */
export function speedChart(report: CaseReport, ceilings: readonly Ceiling[]): Markup {
  const bars = report.results
    .filter((result) => result.kind === "measured")
    .map((result) => {
      const value = speed(report.work, result.times.median);
      const share = percentage(shareOfCeiling(ceilings, report.work, result));
      return {
        // A phone has little room for names.
        contender:
          result.threads === 1 ? result.contender : result.contender.replace(`, ${threadCount(result.threads)}`, ` × ${result.threads}`),
        value,
        ceiling: ceilingOf(ceilings, report.work, result)?.speed,
        color: colorOf(result),
        label: `${figure(value)}${share === "" ? "" : `  ${share}`}`,
      };
    });
  const most = Math.max(...bars.flatMap(({ value, ceiling }) => [value, ceiling ?? 0]));
  const marginLeft = 8 + 6.2 * Math.max(...bars.map(({ contender }) => contender.length));
  // Labels stand behind the bars, in a part of the width that no bar reaches.
  const room = 84;
  return drawn({
    width: narrow,
    height: 24 * bars.length + 8,
    marginLeft,
    marginRight: room,
    marginTop: 4,
    marginBottom: 4,
    ariaLabel: `Speeds at ${report.name} in ${report.work.unit}`,
    x: { axis: null, domain: [0, most] },
    y: { label: null, tickSize: 0, domain: bars.map(({ contender }) => contender), padding: 0.25 },
    marks: [
      Plot.barX(bars, { x: "value", y: "contender", fill: "color", rx2: 3 }),
      Plot.tickX(
        bars.filter(({ ceiling }) => ceiling !== undefined),
        { x: "ceiling", y: "contender", stroke: "currentColor", strokeWidth: 1.5 },
      ),
      Plot.text(bars, {
        x: (bar: (typeof bars)[number]) => Math.max(bar.value, bar.ceiling ?? 0),
        y: "contender",
        text: "label",
        textAnchor: "start",
        dx: 6,
        fill: "currentColor",
        fontVariant: "tabular-nums",
      }),
    ],
  });
}

/** For each case a dot where Gradus stands beside the fastest peer of each kind: right of 1 it is faster. Null where no peer was measured. */
export function standingsChart(cases: readonly CaseReport[], threads: number, width: number): Markup | null {
  const dots = cases.flatMap((report) =>
    (["JavaScript", "native"] as const).flatMap((among) => {
      const peer = bestPeer(report, threads, among);
      const ours = peer === null ? null : counterpart(report, peer);
      if (peer === null || ours === null) return [];
      const ratio = peer.times.median / ours.times.median;
      return [{ name: report.name, ratio, color: colorOf(peer), label: `${ratio.toFixed(2)}x`, among }];
    }),
  );
  if (dots.length === 0) return null;
  const names = [...new Set(dots.map(({ name }) => name))];
  const ratios = dots.map(({ ratio }) => ratio);
  const domain = [Math.min(0.5, ...ratios) / 1.25, Math.max(2, ...ratios) * 1.5];
  return drawn({
    width,
    height: 40 * names.length + 34,
    marginLeft: 6,
    marginRight: 6,
    marginTop: 26,
    marginBottom: 8,
    ariaLabel: "How many times as fast as the fastest peers Gradus is",
    x: {
      type: "log",
      domain,
      axis: "top",
      label: null,
      ticks: ticksWithin(domain),
      tickFormat: (value: number) => `${value}x`,
      grid: true,
    },
    y: { axis: null, domain: names },
    marks: [
      Plot.ruleX([1], { stroke: "currentColor", strokeWidth: 1.5 }),
      Plot.text(names, {
        x: () => domain[0],
        y: (name: string) => name,
        text: (name: string) => name,
        textAnchor: "start",
        dy: -10,
        fill: "currentColor",
      }),
      Plot.dot(dots, {
        x: "ratio",
        y: "name",
        fill: "color",
        r: 4.5,
        dy: 6,
        symbol: (dot: (typeof dots)[number]) => (dot.among === "native" ? "diamond" : "circle"),
      }),
      Plot.text(dots, {
        x: "ratio",
        y: "name",
        text: "label",
        dy: 6,
        dx: 8,
        textAnchor: "start",
        fill: "currentColor",
        stroke: "var(--card)",
        strokeWidth: 4,
        fontVariant: "tabular-nums",
      }),
    ],
  });
}

export function colorOf(result: Measured): string {
  return isOwn(result) ? "var(--gradus)" : isNative(result) ? "var(--native)" : "var(--peer)";
}

function ticksWithin([least = 0, most = 0]: readonly number[]): number[] {
  return [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500].filter((tick) => tick >= least && tick <= most);
}

function drawn(options: Plot.PlotOptions): Markup {
  const chart = Plot.plot({ ...options, document, style: { fontSize: "11px", background: "none" } });
  return new Markup(chart.outerHTML);
}
