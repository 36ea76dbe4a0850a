import { Engine } from "@gradus/compile";
import { prepareCase } from "@gradus/conformance/perf";
import { useRuntime } from "@gradus/tensor";
import { bestLevel, WasmBackend } from "@gradus/wasm";
import type { Library } from "./library.ts";

/** Gradus with `threads` threads, on the best instruction level of the host or a given one. */
export async function gradus(threads: number, level?: string): Promise<Library> {
  const chosen = (["relaxed", "simd", "scalar"] as const).find((one) => one === level) ?? bestLevel();
  const backend = new WasmBackend({ threads, level: chosen });
  await backend.ready();
  useRuntime(new Engine(backend));
  return {
    version: `wasm, ${chosen === "relaxed" ? "relaxed SIMD" : chosen === "simd" ? "SIMD" : "scalar"}`,
    prepare: prepareCase,
  };
}
