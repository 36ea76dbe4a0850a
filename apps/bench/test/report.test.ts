import { expect, test } from "vitest";
import { renderInto } from "../src/render.ts";
import type { CaseReport, Report, Result } from "../src/report.ts";
import { statistics } from "../src/statistics.ts";
import { caseTable } from "../src/table.ts";

const measured = (library: string, threads: number, ...times: number[]): Result => ({
  contender: threads === 1 ? library : `${library}, ${threads} threads`,
  library,
  threads,
  kind: "measured",
  times: statistics(times),
  firstMilliseconds: 1,
});

const matmul: CaseReport = {
  name: "matmul",
  work: { unit: "GFLOP/s", operations: 2e9 },
  results: [
    measured("gradus", 1, 40, 41, 42),
    measured("gradus", 2, 20.5),
    measured("jax-js", 1, 61.5),
    measured("pytorch", 2, 10.25),
    { contender: "tfjs-wasm", library: "tfjs-wasm", threads: 1, kind: "cannot", why: "no kernel" },
  ],
};

const report: Report = {
  format: 1,
  command: "pnpm bench --docs",
  date: "2026-01-02",
  host: { cpu: "A processor", cores: 2, node: "v24.0.0", system: "Linux 6" },
  versions: { gradus: "wasm", "jax-js": "0.1" },
  cases: [matmul],
  budgets: [
    { name: "size", limit: "60 kB", measured: "59.0 kB", holds: true },
    { name: "latency", limit: "20 µs", measured: "not measured: one core", holds: null },
  ],
};

test("statistics: quartiles are interpolated, the spread is their distance over the median", () => {
  expect(statistics([5, 1, 2, 4, 3])).toEqual({ samples: 5, min: 1, median: 3, spread: 2 / 3 });
  expect(statistics([1, 2])).toEqual({ samples: 2, min: 1, median: 1.5, spread: 0.5 / 1.5 });
  expect(() => statistics([])).toThrow("there are no values");
});

test("a case's table sets each peer against Gradus on as many threads", () => {
  expect(caseTable(matmul)).toMatchInlineSnapshot(`
    "matmul
                          best ms  median ms  spread  GFLOP/s       Gradus is
      gradus               40.000     41.000     2 %     48.8
      gradus, 2 threads    20.500     20.500     0 %     97.6  2.00x 1 thread
      jax-js               61.500     61.500     0 %     32.5           1.50x
      pytorch, 2 threads   10.250     10.250     0 %      195           0.50x
      tfjs-wasm           cannot: no kernel"
  `);
});

test("a document's tables are replaced between their markers, and nothing else", () => {
  const document =
    "# Speed\n\n<!-- measured:cases -->\nold\n<!-- /measured -->\n\nWords.\n\n<!-- measured:budgets -->\n<!-- /measured -->\n<!-- measured:run -->\n<!-- /measured -->\n<!-- measured:other -->\nkept\n<!-- /measured -->\n";
  const rendered = renderInto(document, report);
  expect(rendered).toMatchInlineSnapshot(`
    "# Speed

    <!-- measured:cases -->

    | case            | gradus | gradus, 2 threads     | jax-js       | pytorch, 2 threads | tfjs-wasm  |
    | --------------- | ------ | --------------------- | ------------ | ------------------ | ---------- |
    | matmul, GFLOP/s | 48.8   | 97.6 (2.00x 1 thread) | 32.5 (1.50x) | 195 (0.50x)        | cannot (1) |

    1. tfjs-wasm: no kernel

    <!-- /measured -->

    Words.

    <!-- measured:budgets -->

    | budget  | limit | measured               | holds      |
    | ------- | ----- | ---------------------- | ---------- |
    | size    | 60 kB | 59.0 kB                | yes        |
    | latency | 20 µs | not measured: one core | not judged |

    <!-- /measured -->
    <!-- measured:run -->

    \`pnpm bench --docs\`, 2026-01-02: A processor, 2 cores, Node v24.0.0, Linux 6.

    Libraries: gradus wasm; jax-js 0.1.

    <!-- /measured -->
    <!-- measured:other -->
    kept
    <!-- /measured -->
    "
  `);
  expect(renderInto(rendered, report)).toBe(rendered);
});
