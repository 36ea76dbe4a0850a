import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { htmlReport } from "../src/html/report-page.ts";
import { html } from "../src/html/markup.ts";
import { matmul, report } from "./sample-report.ts";

test("the page has every contender, number and reason, and needs nothing from elsewhere", () => {
  const page = htmlReport(report);
  for (const text of [
    "A processor, 2 cores",
    "pnpm bench --docs",
    "gradus, 2 threads",
    "jax-js",
    "pytorch, 2 threads",
    "pytorch × 2",
    "41.000",
    "195 GFLOP/s",
  ])
    expect(page).toContain(text);
  expect(page).toContain("tfjs-wasm, cannot: no kernel");
  expect(page).toContain("120 kB gzipped, 20 kB of them WebAssembly");
  expect(page).toContain("Gradus on 1 thread: 1.50x the best JavaScript peer (jax-js)");
  expect(page).not.toMatch(/<script|<link|<img|url\(|@import|https?:\/\/(?!www\.w3\.org\/)/);
  // One chart of speeds, and for each thread count one of standings in two widths.
  expect(page.match(/<svg/g)).toHaveLength(1 + 2 * 2);
  expect(page.match(/aria-label="Speeds at matmul in GFLOP\/s"/g)).toHaveLength(1);
});

test("names are text, whatever they hold, in the page and in its charts", () => {
  const evil = '<img src=x onerror="alert(1)">&';
  const page = htmlReport({
    ...report,
    command: evil,
    versions: { [evil]: evil },
    cases: [
      {
        ...matmul,
        name: evil,
        results: matmul.results.map((result) => ({ ...result, contender: evil, ...(result.kind === "measured" ? {} : { why: evil }) })),
      },
    ],
  });
  const { document } = parseHTML(page);
  expect(document.querySelectorAll("img, [onerror]")).toHaveLength(0);
  expect(document.querySelector("h3")?.textContent).toBe("Times as fast as the fastest peer, 1 thread");
  expect([...document.querySelectorAll("svg text")].map(({ textContent }) => textContent)).toContain(evil);
});

test("a report without cases has its budgets", () => {
  const page = htmlReport({ ...report, cases: [], ceilings: [], versions: {}, sizes: {} });
  expect(page).toContain("not measured: one core");
  expect(page).not.toContain("<svg");
});

test("templates escape what is put in, and markup only once", () => {
  expect(html`<b>${"a & <b>"}</b>${[html`<i>${1}</i>`, '"']}`.text).toBe("<b>a &#38; &#60;b&#62;</b><i>1</i>&#34;");
});
