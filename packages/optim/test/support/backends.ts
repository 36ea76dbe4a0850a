import { Engine } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import { useRuntime } from "@gradus/tensor";
import { afterEach } from "vitest";
// By its path: @gradus/wasm is tested by a package that uses this one, so this one cannot depend on it.
import { WasmBackend } from "../../../wasm/src/index.ts";

const engines = {
  reference: () => new Engine(new ReferenceBackend()),
  wasm: () => new Engine(new WasmBackend({ threads: 1 })),
};

/** The float64 interpreter, and float32 as users have it. */
export type BackendName = keyof typeof engines;
export const backendNames: readonly BackendName[] = ["reference", "wasm"];

/** Installs a backend of its own for the present test. */
export function install(name: BackendName): Engine {
  const engine = engines[name]();
  useRuntime(engine);
  return engine;
}

afterEach(() => {
  useRuntime(null);
});
