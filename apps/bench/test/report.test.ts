import { expect, test } from "vitest";
import { renderInto } from "../src/render.ts";
import type { CaseReport } from "../src/report.ts";
import { statistics } from "../src/statistics.ts";
import { caseTable, ceilingLines } from "../src/table.ts";
import { matmul, measured, report } from "./sample-report.ts";

test("statistics: quartiles are interpolated, the spread is their distance over the median", () => {
  expect(statistics([5, 1, 2, 4, 3])).toEqual({ samples: 5, min: 1, lower: 2, median: 3, upper: 4, spread: 2 / 3 });
  expect(statistics([1, 2])).toEqual({ samples: 2, min: 1, lower: 1.25, median: 1.5, upper: 1.75, spread: 0.5 / 1.5 });
  expect(() => statistics([])).toThrow("there are no values");
});

test("a case's table sets each peer against Gradus on as many threads", () => {
  expect(caseTable(matmul, report.ceilings)).toMatchInlineSnapshot(`
    "matmul
                          best ms  median ms  spread  first ms  peak MB  GFLOP/s  ceiling       Gradus is
      gradus               40.000     41.000     2 %      12.3     4.50     48.8     81 %
      gradus, 2 threads    20.500     20.500     0 %      12.3     4.50     97.6     81 %  2.00x 1 thread
      jax-js               61.500     61.500     0 %      12.3     4.50     32.5     54 %           1.50x
      pytorch, 2 threads   10.250     10.250     0 %      12.3     4.50      195    163 %           0.50x
      tfjs-wasm           cannot: no kernel
      Gradus on 1 thread: 1.50x the best JavaScript peer (jax-js)
      Gradus on 2 threads: 0.50x the best native peer (pytorch)"
  `);
});

test("a case that others disturbed says so", () => {
  expect(caseTable({ ...matmul, othersShare: 0.48 }, [])).toMatch(
    /\n {2}others took 48 % of the machine meanwhile: measure again when it is quiet$/,
  );
});

test("ceilings are told a thread count a line", () => {
  expect(ceilingLines(report.ceilings)).toEqual([
    "ceiling on 1 thread: fused multiply-add 60.0 GFLOP/s; copying 256 KiB 110, 128 MiB 25.5 GB/s",
    "ceiling on 2 threads: fused multiply-add 120 GFLOP/s",
  ]);
});

test("a document's tables are replaced between their markers, and nothing else", () => {
  const document =
    "# Speed\n\n<!-- measured:cases -->\nold\n<!-- /measured -->\n\nWords.\n\n<!-- measured:budgets -->\n<!-- /measured -->\n<!-- measured:run -->\n<!-- /measured -->\n<!-- measured:ceilings -->\n<!-- /measured -->\n<!-- measured:libraries -->\n<!-- /measured -->\n<!-- measured:other -->\nkept\n<!-- /measured -->\n";
  const rendered = renderInto(document, report);
  expect(rendered).toMatchInlineSnapshot(`
    "# Speed

    <!-- measured:cases -->

    | case            | gradus                     | gradus, 2 threads                          | jax-js       | pytorch, 2 threads | tfjs-wasm  |
    | --------------- | -------------------------- | ------------------------------------------ | ------------ | ------------------ | ---------- |
    | matmul, GFLOP/s | 48.8 (81 % of the ceiling) | 97.6 (81 % of the ceiling, 2.00x 1 thread) | 32.5 (1.50x) | 195 (0.50x)        | cannot (1) |

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
    <!-- measured:ceilings -->

    | ceiling                     | 1 thread | 2 threads |
    | --------------------------- | -------- | --------- |
    | fused multiply-add, GFLOP/s | 60.0     | 120       |
    | copying 256 KiB, GB/s       | 110      |           |
    | copying 128 MiB, GB/s       | 25.5     |           |

    <!-- /measured -->
    <!-- measured:libraries -->

    | library | version | size                                      |
    | ------- | ------- | ----------------------------------------- |
    | gradus  | wasm    | 128 kB gzipped                            |
    | jax-js  | 0.1     | 120 kB gzipped, 20 kB of them WebAssembly |

    <!-- /measured -->
    <!-- measured:other -->
    kept
    <!-- /measured -->
    "
  `);
  expect(renderInto(rendered, report)).toBe(rendered);
});

test("several groups of cases have a table each, of the contenders that took part", () => {
  const model: CaseReport = {
    name: "lenet5 forward",
    work: { unit: "images/s", images: 64 },
    results: [measured("gradus", 1, 2)],
    othersShare: null,
  };
  expect(renderInto("<!-- measured:cases -->\n<!-- /measured -->\n", { ...report, cases: [matmul, model] })).toMatchInlineSnapshot(`
    "<!-- measured:cases -->

    ### Matmul

    | case            | gradus                     | gradus, 2 threads                          | jax-js       | pytorch, 2 threads | tfjs-wasm  |
    | --------------- | -------------------------- | ------------------------------------------ | ------------ | ------------------ | ---------- |
    | matmul, GFLOP/s | 48.8 (81 % of the ceiling) | 97.6 (81 % of the ceiling, 2.00x 1 thread) | 32.5 (1.50x) | 195 (0.50x)        | cannot (1) |

    ### Models

    | case                     | gradus |
    | ------------------------ | ------ |
    | lenet5 forward, images/s | 32,000 |

    1. tfjs-wasm: no kernel

    <!-- /measured -->
    "
  `);
});
