import { expect, test } from "vitest";
import { pagePeers } from "../src/browser/page-peers.ts";
import { contenders } from "../src/contenders.ts";
import { readOptions, UsageError } from "../src/options.ts";

test("without arguments: every case, one thread, no peer", () => {
  expect(readOptions([])).toEqual({
    filters: [],
    threads: [1],
    levels: [],
    peers: [],
    browser: false,
    gpu: false,
    json: null,
    html: null,
    effort: 1,
    docs: false,
  });
});

test("--peers stands for all of them unless names follow", () => {
  const all = ["jax-js", "tfjs-wasm", "tfjs-cpu", "onnxruntime-web", "onnxruntime-node", "convnetjs", "pytorch"];
  expect(readOptions(["--peers"]).peers).toEqual(all);
  expect(readOptions(["--peers", "--threads", "1,2"])).toMatchObject({ peers: all, threads: [1, 2] });
  expect(readOptions(["--peers", "matmul"])).toMatchObject({ peers: all, filters: ["matmul"] });
  expect(readOptions(["conv", "--peers", "pytorch,jax-js"])).toMatchObject({ peers: ["pytorch", "jax-js"], filters: ["conv"] });
  expect(readOptions(["--docs"])).toMatchObject({ peers: all, threads: [1, 2], docs: true });
});

test("--browser has peers of its own", () => {
  const { browser, peers } = readOptions(["--browser", "--peers", "matmul"]);
  expect([browser, peers]).toEqual([true, Object.keys(pagePeers)]);
  expect(readOptions(["--peers", "tfjs-webgpu", "--browser"]).peers).toEqual(["tfjs-webgpu"]);
  expect(() => readOptions(["--browser", "--peers", "jax-js,pytorch"])).toThrow('there is no peer "pytorch" in pages; there are jax-js, ');
  expect(() => readOptions(["--peers", "tfjs-webgpu"])).toThrow('there is no peer "tfjs-webgpu"; there are jax-js, ');
  expect(() => readOptions(["--browser", "--docs"])).toThrow("leave --browser out");
  expect(() => readOptions(["budgets", "--browser"])).toThrow("leave --browser out");
});

test("what means nothing is refused", () => {
  expect(() => readOptions(["--peers", "pytorch,keras"])).toThrow(
    'there is no peer "keras"; there are jax-js, tfjs-wasm, tfjs-cpu, onnxruntime-web, onnxruntime-node, convnetjs, pytorch',
  );
  expect(() => readOptions(["--threads", "0"])).toThrow("--threads takes whole numbers from 1 to 64, not 0");
  expect(() => readOptions(["--levels", "avx"])).toThrow("--levels takes relaxed, simd and scalar, not avx");
  expect(() => readOptions(["--effort", "none"])).toThrow("--effort takes a number above 0, not none");
  expect(() => readOptions(["--html", "/no/such/folder/report.html"])).toThrow("--html: /no/such/folder/report.html cannot be written");
  expect(() => readOptions(["--fast"])).toThrow("--fast");
});

test("Gradus comes first, on each level and thread count; a peer that has one thread comes once", () => {
  const names = contenders({ threads: [1, 2], levels: ["relaxed", "simd"], peers: ["jax-js", "onnxruntime-web"] }).map(({ name }) => name);
  expect(names).toEqual([
    "gradus relaxed",
    "gradus relaxed, 2 threads",
    "gradus simd",
    "gradus simd, 2 threads",
    "jax-js",
    "onnxruntime-web",
    "onnxruntime-web, 2 threads",
  ]);
});

test("--gpu has peers of its own, and goes with neither --browser nor --docs", () => {
  expect(readOptions(["--gpu", "--peers"])).toMatchObject({ gpu: true, peers: ["jax-js-webgpu", "tfjs-webgpu"] });
  expect(readOptions(["--gpu", "matmul", "--peers", "jax-js-webgpu"])).toMatchObject({ filters: ["matmul"], peers: ["jax-js-webgpu"] });
  expect(() => readOptions(["--gpu", "--peers", "pytorch"])).toThrow(UsageError);
  expect(() => readOptions(["--gpu", "--browser"])).toThrow(UsageError);
  expect(() => readOptions(["--gpu", "--docs"])).toThrow(UsageError);
});
