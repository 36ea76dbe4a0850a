import { caseGroups } from "../case-groups.ts";
import { speed } from "@gradus/conformance/perf";
import { shareOfCeiling } from "../ceilings/ceilings.ts";
import { bestPeer, type CaseReport, counterpart, isOwn, type Measured, type Report, type Result } from "../report.ts";
import { statistics } from "../statistics.ts";
import {
  byteCount,
  disturbance,
  figure,
  hostLine,
  levelNames,
  megabytes,
  percentage,
  ratio,
  sizeText,
  standings,
  threadCount,
} from "../table.ts";
import { narrow, speedChart, standingsChart, wide } from "./charts.ts";
import { type Content, html, Markup } from "./markup.ts";
import { style } from "./style.ts";

/** A report as one page that needs nothing else: charts are drawn here, as SVG. */
export function htmlReport(report: Report): string {
  const groups = caseGroups(report.cases);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Gradus benchmarks, ${report.date}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <h1>Gradus beside its peers</h1>
        <p>${hostLine(report.host)}</p>
        <p class="soft"><code>${report.command}</code>, ${report.date}</p>
        ${report.cases.length === 0 ? "" : [key, summary(report, groups), ceilings(report)]}
        ${groups.map(([name, cases]) => group(name, cases, report))} ${libraries(report)} ${budgets(report)}
      </body>
    </html> `.text;
}

const key = html`<ul class="key">
    <li><i style="background: var(--gradus)"></i>Gradus</li>
    <li><i style="background: var(--peer)"></i>peers in JavaScript</li>
    <li><i style="background: var(--native)"></i>native peers</li>
    <li><i class="tick"></i>the host's measured ceiling</li>
    <li>× 2: on 2 threads</li>
  </ul>
  <p class="soft">
    Bars are speeds of the median call: longer is faster. Beside them stands the speed, and its share of what this host was measured to do
    at most in WebAssembly on as many threads. More than 100 % is wider vectors than WebAssembly has, or an algorithm with fewer operations
    than the work is counted in.
  </p>`;

function threadCounts(cases: readonly CaseReport[]): number[] {
  return [...new Set(cases.flatMap(({ results }) => results.filter(isOwn).map(({ threads }) => threads)))];
}

function summary({ cases, ceilings: measured }: Report, groups: ReturnType<typeof caseGroups>): Markup {
  const rows = groups.flatMap(([name, members]) =>
    threadCounts(members).map((count) => {
      const ratios = (among: "JavaScript" | "native"): string => {
        const found = members.flatMap((report) => {
          const peer = bestPeer(report, count, among);
          const ours = peer === null ? null : counterpart(report, peer);
          return peer === null || ours === null ? [] : [peer.times.median / ours.times.median];
        });
        if (found.length === 0) return "";
        const mean = Math.exp(found.reduce((sum, value) => sum + Math.log(value), 0) / found.length);
        return `${mean.toFixed(2)}x (${Math.min(...found).toFixed(2)} to ${Math.max(...found).toFixed(2)})`;
      };
      const shares = members.flatMap((report) => {
        const ours = report.results.find(
          (result): result is Measured => result.kind === "measured" && isOwn(result) && result.threads === count,
        );
        const share = ours === undefined ? null : shareOfCeiling(measured, report.work, ours);
        return share === null ? [] : [share];
      });
      const share =
        shares.length === 0
          ? ""
          : `${percentage(statistics(shares).median)} (${percentage(Math.min(...shares))} to ${percentage(Math.max(...shares))})`;
      return [name, threadCount(count), members.length, ratios("JavaScript"), ratios("native"), share];
    }),
  );
  return html`<h2>Summary</h2>
    <p class="soft">
      How many times as fast as the fastest peer Gradus is: the geometric mean over ${cases.length === 1 ? "the case" : "the cases"}, and
      the least and the most. The share of the ceiling is the median one.
    </p>
    ${table(["cases", "on", "count", "the best JavaScript peer", "the best native peer", "share of the ceiling"], rows)}`;
}

function ceilings({ ceilings: measured }: Report): Content {
  if (measured.length === 0) return "";
  const rows = measured.map((ceiling) => [
    ceiling.kind === "arithmetic" ? levelNames[ceiling.level] : `copying ${byteCount(ceiling.bytes)}`,
    threadCount(ceiling.threads),
    `${figure(ceiling.speed)} ${ceiling.unit}`,
  ]);
  return html`<details>
    <summary>The ceilings of this host</summary>
    <p class="soft">
      Measured before the cases: multiplications and additions on registers alone, and copies of half of so many bytes onto the other half,
      read and written bytes counted.
    </p>
    ${table(["what", "on", "at most"], rows)}
  </details>`;
}

function group(name: string, cases: readonly CaseReport[], report: Report): Markup {
  const charts = threadCounts(cases).flatMap((count) => {
    const [small, large] = [narrow, wide].map((width) => standingsChart(cases, count, width));
    if (small === null || small === undefined || large === null || large === undefined) return [];
    return [
      html`<div class="card">
        <h3>Times as fast as the fastest peer, ${threadCount(count)}</h3>
        <p class="soft">Circles: peers in JavaScript. Diamonds: native ones. Right of 1x Gradus is faster.</p>
        <div class="narrow">${small}</div>
        <div class="wide">${large}</div>
      </div>`,
    ];
  });
  const cards = cases.map(
    (one) =>
      html`<section class="card">
        <h3>${one.name}</h3>
        <p class="soft">${one.work.unit}</p>
        ${one.results.some(({ kind }) => kind === "measured") ? speedChart(one, report.ceilings) : html`<p>Nothing was measured.</p>`}
        ${[...standings(one), ...disturbance(one)].map((line) => html`<p>${line}</p>`)}
      </section>`,
  );
  return html`<h2>${name}</h2>
    ${charts.length === 0 ? "" : html`<div class="pair">${charts}</div>`}
    <div class="cards">${cards}</div>
    <details>
      <summary>Every number</summary>
      ${numbers(cases, report)}
    </details>
    ${notes(cases)}`;
}

function numbers(cases: readonly CaseReport[], report: Report): Markup {
  const head = ["", "best ms", "median ms", "spread", "first call ms", "peak MB", "speed", "of the ceiling", "Gradus is", "samples"];
  const body = cases.map(
    (one) =>
      html`<tbody>
        <tr>
          <th colspan="${head.length}">${one.name}</th>
        </tr>
        ${one.results.map(
          (result) =>
            html`<tr>
              ${rowOf(one, result, report)}
            </tr>`,
        )}
      </tbody>`,
  );
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${head.map((title) => html`<th>${title}</th>`)}
        </tr>
      </thead>
      ${body}
    </table>
  </div>`;
}

function rowOf(one: CaseReport, result: Result, report: Report): Content {
  if (result.kind !== "measured")
    return [html`<td>${result.contender}</td>`, html`<td colspan="9" style="text-align: left">${result.kind}</td>`];
  const { min, median, spread, samples } = result.times;
  return [
    result.contender,
    min.toFixed(3),
    median.toFixed(3),
    percentage(spread),
    result.firstMilliseconds.toFixed(2),
    megabytes(result.peakBytes),
    `${figure(speed(one.work, median))} ${one.work.unit}`,
    percentage(shareOfCeiling(report.ceilings, one.work, result)),
    ratio(one, result),
    samples,
  ].map((cell) => html`<td>${cell}</td>`);
}

/** Why contenders have no times, each reason once with the cases it holds for. */
function notes(cases: readonly CaseReport[]): Content {
  const reasons = new Map<string, string[]>();
  for (const { name, results } of cases)
    for (const result of results)
      if (result.kind !== "measured") {
        const reason = `${result.contender}, ${result.kind}: ${result.why}`;
        reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
      }
  if (reasons.size === 0) return "";
  const items = [...reasons].map(
    ([reason, names]) =>
      html`<li>${reason}${names.length === cases.length ? "" : html` <span class="soft">(${names.join("; ")})</span>`}</li>`,
  );
  return html`<h3>Not measured</h3>
    <ul class="soft">
      ${items}
    </ul>`;
}

function libraries({ versions, sizes }: Report): Content {
  const names = Object.keys(versions);
  if (names.length === 0) return "";
  const rows = names.map((library) => {
    const size = sizes[library];
    return [library, versions[library] ?? "", size === undefined ? "" : sizeText(size)];
  });
  return html`<h2>Libraries</h2>
    ${table(["library", "version", "what a page downloads"], rows, "words")}`;
}

function budgets({ budgets: judged }: Report): Content {
  if (judged.length === 0) return "";
  const rows = judged.map(({ name, limit, measured, holds }) => [
    name,
    limit,
    measured,
    holds === null ? "not judged" : holds ? "yes" : "no",
  ]);
  return html`<h2>Budgets</h2>
    ${table(["budget", "limit", "measured", "holds"], rows, "words")}`;
}

function table(head: readonly string[], rows: readonly (readonly Content[])[], kind = ""): Markup {
  return html`<div class="scroll">
    <table class="${kind}">
      <thead>
        <tr>
          ${head.map((title) => html`<th>${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
