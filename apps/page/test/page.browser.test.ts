import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { esbuildBundle } from "../serve/esbuild.ts";
import type { Serve } from "../serve/served.ts";
import { unbundled } from "../serve/unbundled.ts";
import { viteBuild, viteDev } from "../serve/vite.ts";
import { differenceOf } from "../src/agreement.ts";
import { train } from "../src/train.ts";
import { type Opened, openPage, type Opening } from "./opened-page.ts";

const steps = 200;
const batchSize = 8;

/**
 * How far WebGPU's loss may be from wasm's at any step, as a part of it. Both compute in float32, but sum in another order, and WGSL leaves
 * exp, tanh and division some freedom; training then feeds on the difference. Within 200 steps it grows from 1e-7 to 3.4e-6 on SwiftShader;
 * thirty times that leaves room for other devices. A weight gradient wrong by one in a thousand makes 2.5e-3.
 */
const tolerance = 1e-4;

const ways: readonly (readonly [string, Serve])[] = [
  ["vite's development server", viteDev],
  ["vite's build", viteBuild],
  ["a bundle by esbuild", esbuildBundle],
  ["modules as they are", unbundled],
];

/** The losses that Node computes on one thread. */
const expected: number[] = [];
beforeAll(async () => {
  await train({ backend: "wasm", threads: 1, steps, batchSize }, (news) => {
    if (news.kind === "losses") expected.push(...news.losses);
  });
  expect(expected.length).toBe(steps);
});

describe.each(ways)("served by %s", { timeout: 400_000 }, (name, serve) => {
  test("an isolated page trains alike on wasm with threads, without, and on WebGPU", async () => {
    const { runs, errors, complaints, scripts } = await opened(serve, { isolated: true, picture: name.replaceAll(/\W+/g, "-") });
    expect({ errors, complaints }).toEqual({ errors: "", complaints: [] });
    expect([...runs].map(([run, { state, text }]) => [run, state, text.split(":")[0]])).toEqual([
      ["wasm, threads", "done", expect.stringMatching(/^wasm-\w+-([2-9]|1\d)$/)],
      ["wasm, one thread", "done", expect.stringMatching(/^wasm-\w+-1$/)],
      ["webgpu", "done", expect.stringMatching(/^webgpu-/)],
    ]);
    expect(runs.get("wasm, threads")?.losses).toEqual(expected);
    expect(runs.get("wasm, one thread")?.losses).toEqual(expected);
    const losses = runs.get("webgpu")?.losses ?? [];
    expect(losses.length).toBe(steps);
    expect(differenceOf(expected, losses).largest).toBeLessThan(tolerance);
    const texts = await textsOf(scripts);
    expect(texts.some(isWebgpu)).toBe(true);
    // What is for Node stays there.
    expect(texts.some((text) => text.includes("webgpu/no-dawn"))).toBe(false);
  });

  test("a page that is not isolated trains alike on one thread, says what threads need, and loads no WebGPU it does not use", async () => {
    const { runs, errors, complaints, scripts } = await opened(serve, { isolated: false, query: "backends=wasm" });
    expect(errors).toBe("");
    expect(complaints).toEqual([expect.stringMatching(/^gradus: computing on one thread, because this page is not cross-origin isolated/)]);
    expect(runs.get("wasm, threads")).toMatchObject({
      state: "missing",
      text: expect.stringMatching(/Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp$/),
    });
    expect(runs.get("wasm, one thread")).toMatchObject({ state: "done", losses: expected, text: expect.stringMatching(/^wasm-\w+-1: /) });
    const texts = await textsOf(scripts);
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.some(isWebgpu)).toBe(false);
  });
});

describe("without WebGPU", { timeout: 60_000 }, () => {
  test("a browser without an adapter is told what to do instead, and wasm trains on", async () => {
    const { runs, errors } = await opened(esbuildBundle, { isolated: true, query: "steps=4", flags: ["--no-sandbox"] });
    expect(errors).toBe("");
    expect(runs.get("wasm, threads")?.state).toBe("done");
    expect(runs.get("webgpu")).toMatchObject({
      state: "failed",
      text: 'webgpu: this host has WebGPU, and no adapter: no GPU, no driver, or the browser refuses it (use the backend "wasm", or install a Vulkan driver)',
    });
  });

  test("a page that is not secure says that it has to be", async () => {
    const served = await unbundled({ isolated: false });
    onTestFinished(() => served.close());
    const { port } = new URL(served.url);
    const { runs } = await openPage({
      url: `http://gradus.test:${port}/?backends=webgpu`,
      flags: ["--no-sandbox", "--host-resolver-rules=MAP gradus.test 127.0.0.1"],
    });
    expect(runs.get("webgpu")).toMatchObject({
      state: "failed",
      text: 'webgpu: this host has no WebGPU (pages need a secure context (https or localhost) and a browser with WebGPU; the backend "wasm" runs everywhere)',
    });
  });
});

describe("what goes wrong is shown", { timeout: 60_000 }, () => {
  test("an address that makes no sense", async () => {
    const { errors } = await opened(esbuildBundle, { isolated: true, query: "steps=many" });
    expect(errors).toBe('steps must be a whole number from 1 to 99999, not "many"');
  });

  test("a worker that cannot be loaded", async () => {
    const { runs } = await opened(esbuildBundle, { isolated: true, query: "backends=wasm", blocked: /worker\.js$/ });
    expect(runs.get("wasm, threads")).toMatchObject({ state: "failed", text: "the worker's script cannot be loaded" });
  });
});

async function opened(
  serve: Serve,
  { isolated, query = "", ...opening }: { readonly isolated: boolean; readonly query?: string } & Omit<Opening, "url">,
): Promise<Opened> {
  const served = await serve({ isolated });
  onTestFinished(() => served.close());
  const url = new URL(served.url);
  url.search = query;
  return openPage({ url: url.href, ...opening });
}

/** The page's own scripts; those it made itself, in a blob, have no address any more. */
function textsOf(scripts: readonly string[]): Promise<readonly string[]> {
  return Promise.all(scripts.filter((url) => url.startsWith("http")).map(async (url) => (await fetch(url)).text()));
}

function isWebgpu(script: string): boolean {
  return script.includes("createComputePipeline");
}
