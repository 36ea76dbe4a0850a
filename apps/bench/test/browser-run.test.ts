import { matmulCase } from "@gradus/conformance/perf";
import { afterEach, expect, test, vi } from "vitest";
import { BrowserRun } from "../src/browser/browser-run.ts";
import { measure } from "../src/measure.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("without Chromium every contender is a row that says how to name one", async () => {
  vi.stubEnv("CHROMIUM_PATH", "/no/such/chromium");
  const browser = await BrowserRun.start();
  expect(browser.name).toBeNull();
  expect(await browser.ceilings({ threads: [1], levels: [], effort: 1 })).toEqual([]);
  const { cases, versions } = await measure({
    cases: [matmulCase({ m: 2, k: 2, n: 2 })],
    contenders: browser.contenders({ threads: [1, 2], levels: ["simd"], peers: ["jax-js", "tfjs-webgpu"] }),
    effort: { rounds: 1, turn: 1, warmUp: 1 },
    onCase: () => {},
    onProgress: () => {},
  });
  await browser.stop();
  expect(versions).toEqual({});
  const [report] = cases;
  expect(report?.results.map((result) => `${result.contender}, ${"why" in result ? result.why : result.kind}`)).toEqual(
    ["gradus simd", "gradus simd, 2 threads", "jax-js", "jax-js, 2 threads", "tfjs-webgpu"].map(
      (name) => `${name}, there is no Chromium: put one on PATH, or its path into CHROMIUM_PATH`,
    ),
  );
});
