import { Engine } from "@gradus/compile";
import { expect, test, vi } from "vitest";
import { WasmBackend, type WasmOptions } from "./backend.ts";
import { bestLevel } from "./features.ts";
import { settled } from "./settled.ts";
import { lossAfter25, TrainingStep } from "./training-step.test.harness.ts";

async function onThePage(options: WasmOptions): Promise<{ name: string; result: number[][] }> {
  const backend = new WasmBackend({ tileWork: 100, sharedWork: 0, ...options });
  try {
    return { name: backend.name, result: await new TrainingStep().train(new Engine(settled(backend)), 25) };
  } finally {
    backend.dispose();
  }
}

async function inAWorker(options: WasmOptions): Promise<{ name: string; result: number[][] }> {
  const worker = new Worker(new URL("./training.browser.test.worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.addEventListener("message", ({ data }: MessageEvent<{ name: string; result: number[][] }>) => resolve(data));
      worker.addEventListener("error", ({ message }) => reject(new Error(message)));
      worker.postMessage({ tileWork: 100, sharedWork: 0, ...options });
    });
  } finally {
    worker.terminate();
  }
}

test("in an isolated page, training gives the same bits on one thread, on two, and in a worker on two, and no warning", async () => {
  expect(crossOriginIsolated).toBe(true);
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const alone = await onThePage({ threads: 1, level: "simd" });
  const two = await onThePage({ threads: 2, level: "simd" });
  const worker = await inAWorker({ threads: 2, level: "simd" });
  expect([alone.name, two.name, worker.name]).toEqual(["wasm-simd-1", "wasm-simd-2", "wasm-simd-2"]);
  expect(two.result).toEqual(alone.result);
  expect(worker.result).toEqual(alone.result);
  expect(warn).not.toHaveBeenCalled();
});

test.each([undefined, "simd", "scalar"] as const)("the loss is what Node computes, at level %s", async (level) => {
  const { name, result } = await onThePage({ threads: 2, ...(level === undefined ? {} : { level }) });
  expect(name).toBe(`wasm-${level ?? bestLevel()}-2`);
  expect(Math.abs((result[0]?.at(-1) ?? 0) - lossAfter25)).toBeLessThan(4e-6);
});

test("by default as many threads work as there are cores", () => {
  const backend = new WasmBackend();
  expect(backend.threads).toBe(Math.min(16, navigator.hardwareConcurrency));
  backend.dispose();
});
