import { Engine } from "@gradus/compile";
import { expect, test, vi } from "vitest";
import { WasmBackend } from "./backend.ts";
import { lossAfter25, TrainingStep } from "./training-step.test.harness.ts";

test("in a page that is not isolated, training runs on one thread, and one warning names both headers", async () => {
  expect(crossOriginIsolated).toBe(false);
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const backends = [
    new WasmBackend({ level: "simd" }),
    new WasmBackend({ level: "simd", threads: 4 }),
    new WasmBackend({ level: "simd", threads: 1 }),
  ];
  expect(backends.map(({ name }) => name)).toEqual(["wasm-simd-1", "wasm-simd-1", "wasm-simd-1"]);
  expect(warn.mock.calls).toEqual([
    [expect.stringMatching(/Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/)],
  ]);
  const [backend] = backends;
  if (backend === undefined) expect.unreachable();
  const [losses] = await new TrainingStep().train(new Engine(backend), 25);
  expect(Math.abs((losses?.at(-1) ?? 0) - lossAfter25)).toBeLessThan(4e-6);
  for (const each of backends) each.dispose();
});

test("memory that is not shared moves when it grows, and cells read and write where it is now", async () => {
  const backend = new WasmBackend({ threads: 1 });
  const cell = backend.allocate({ shape: [4], dtype: "float32" }, "cell");
  cell.write(Float32Array.of(1, 2, 3, 4));
  const before = backend.memoryObject.buffer;
  const large = backend.allocate({ shape: [4 << 20], dtype: "float32" }, "large");
  expect(backend.memoryObject.buffer).not.toBe(before);
  expect(cell.read()).toEqual(Float32Array.of(1, 2, 3, 4));
  large.free();
  const [losses] = await new TrainingStep().train(new Engine(backend), 3);
  expect(losses?.length).toBe(3);
});
