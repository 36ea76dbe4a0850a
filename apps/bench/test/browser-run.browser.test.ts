import { convolutionCase, matmulCase, modelCase } from "@gradus/conformance/perf";
import { expect, onTestFinished, test, vi } from "vitest";
import { BrowserRun } from "../src/browser/browser-run.ts";
import { ChromiumPage } from "../src/browser/chromium-page.ts";
import { measure } from "../src/measure.ts";
import { chromiumPath } from "../src/browser/chromium-path.ts";
import { fake } from "./fake-contender.ts";

const effort = { rounds: 2, turn: 1, warmUp: 1 };

async function started(): Promise<BrowserRun> {
  const browser = await BrowserRun.start();
  onTestFinished(async () => browser.stop());
  return browser;
}

async function opened(patience: number): Promise<ChromiumPage> {
  const page = new ChromiumPage(chromiumPath(), patience);
  onTestFinished(async () => page.close());
  expect(await page.open("about:blank")).toBeNull();
  return page;
}

test("pages on one thread and two give what a process of Node gives, and have figures", { timeout: 180_000 }, async () => {
  const browser = await started();
  expect(browser.name).toMatch(/^Chromium \d+\./);
  const pages = browser.contenders({ threads: [1, 2], levels: [], peers: [] });
  const { cases, versions } = await measure({
    cases: [
      matmulCase({ m: 9, k: 7, n: 5 }),
      convolutionCase("weight gradient", { batch: 2, channels: 3, size: 6, filters: 4, kernel: 3, padding: 1 }),
      modelCase("lenet5", "training", 2),
    ],
    contenders: [fake("right"), ...pages],
    effort,
    onCase: () => {},
    onProgress: () => {},
  });
  expect(cases.map(({ results }) => results.map(({ contender, kind }) => `${contender} ${kind}`))).toEqual([
    ["right measured", "gradus measured", "gradus, 2 threads measured"],
    ["right cannot", "gradus measured", "gradus, 2 threads measured"],
    ["right cannot", "gradus measured", "gradus, 2 threads measured"],
  ]);
  expect(versions["gradus"]).toMatch(/^wasm, /);
  for (const result of cases.flatMap(({ results }) => results)) {
    if (result.kind !== "measured") continue;
    expect(result.times.samples).toBeGreaterThanOrEqual(effort.rounds);
    expect(result.times.min).toBeGreaterThan(0);
  }
});

test("the ceilings are measured in a page", async () => {
  const browser = await started();
  const ceilings = await browser.ceilings({ threads: [1, 2], levels: ["scalar"], effort: 0.02 });
  expect(new Set(ceilings.map(({ kind, threads }) => `${kind} ${threads}`))).toEqual(
    new Set(["arithmetic 1", "copy 1", "arithmetic 2", "copy 2"]),
  );
  expect(Math.min(...ceilings.map(({ speed }) => speed))).toBeGreaterThan(0);
});

test("a page that hangs is stopped with its browser", async () => {
  const page = await opened(2000);
  const [browser = 0] = page.pids;
  expect(
    await page.call(async () => {
      for (;;);
    }, null),
  ).toBeNull();
  expect(page.ended).toBe("no answer within 2 s");
  await page.close();
  await vi.waitFor(() => expect(() => process.kill(browser, 0)).toThrow("ESRCH"), 10_000);
  expect(await page.call(async () => 1, null)).toBeNull();
});

test("a page whose processes die says so", async () => {
  const page = await opened(20_000);
  const forever = page.call(async () => new Promise<number>(() => {}), null);
  for (const pid of page.pids.slice(1)) process.kill(pid, "SIGKILL");
  expect(await forever).toBeNull();
  expect(page.ended).toMatch(/crashed/);
});
