import { expect, test } from "vitest";
import { judgeBars } from "../src/bars.ts";
import { renderInto } from "../src/render.ts";
import type { CaseReport, Result } from "../src/report.ts";
import { measured, report } from "./sample-report.ts";

function caseOf(name: string, operations: number, ...results: Result[]): CaseReport {
  return { name, work: { unit: "GFLOP/s", operations }, othersShare: 0, results };
}

/** The ratios of each bar that these cases judge, by what it compares. */
function judged(...cases: CaseReport[]): Record<string, number[]> {
  const found = judgeBars({ cases, ceilings: report.ceilings });
  return Object.fromEntries(
    found.map(({ cases: title, against, threads, ratios }) => [
      `${title} / ${against}, ${threads}`,
      ratios.map(({ ratio }) => Number(ratio.toFixed(3))),
    ]),
  );
}

test("a product is set against the ceiling and the best JavaScript peer, not a native one", () => {
  const product = caseOf(
    "matmul 512x512x512",
    1e9,
    measured("gradus", 1, 20),
    measured("jax-js", 1, 40),
    measured("tfjs-wasm", 1, 30),
    measured("pytorch", 1, 10),
  );
  expect(judged(product)).toEqual({
    "matmul 128-1024 / the measured ceiling, 1": [0.833],
    "matmul 128-1024 / the best JavaScript peer, 1": [1.5],
  });
});

test("a convolution is set against each peer by name, its gradients against its forward pass", () => {
  const name = "conv 3x3 64-64 56x56 batch 8";
  const forward = caseOf(`${name} forward`, 1e9, measured("gradus", 1, 10), measured("onnxruntime-web", 1, 40), measured("pytorch", 1, 9));
  const gradient = caseOf(`${name} weight gradient`, 1e9, measured("gradus", 1, 12.5));
  expect(judged(forward, gradient)).toEqual({
    "conv 3x3, 64-512 channels / onnxruntime-web, 1": [4],
    "conv 3x3, 64-512 channels / pytorch, 1": [0.9],
    "gradients of convolutions / the forward pass, 1": [0.8],
  });
});

test("two threads are asked of large cases alone", () => {
  const [one, two] = [measured("gradus", 1, 40), measured("gradus", 2, 20)];
  expect(judged(caseOf("large", 21e6, one, two), caseOf("small", 19e6, one, two))).toEqual({
    "everything above 20 million operations / one thread, 2": [2],
  });
});

test("a bar without its peer, or with a peer that is wrong, is not judged", () => {
  const wrong: Result = { contender: "onnxruntime-web", library: "onnxruntime-web", threads: 1, kind: "wrong", why: "differs" };
  expect(judged(caseOf("conv 5x5 64-192 27x27 batch 8 forward", 1e9, measured("gradus", 1, 10), wrong))).toEqual({});
});

test("the table names the cases below a bar", () => {
  const cases = [8, 20].map((time, i) =>
    caseOf(`conv 5x5 ${i} forward`, 1e9, measured("gradus", 1, 10), measured("onnxruntime-web", 1, time)),
  );
  expect(renderInto("<!-- measured:bars -->\n<!-- /measured -->", { ...report, cases })).toMatchInlineSnapshot(`
    "<!-- measured:bars -->

    | cases                        | on       | at least              | measured       | holds                            |
    | ---------------------------- | -------- | --------------------- | -------------- | -------------------------------- |
    | conv 1x1, 5x5, 7x7 and 11x11 | 1 thread | 1.50x onnxruntime-web | 0.80x to 2.00x | **no**: conv 5x5 0 forward 0.80x |

    <!-- /measured -->"
  `);
});
