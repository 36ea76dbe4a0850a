import { type Backend, Engine } from "@gradus/compile";
import { ArgumentError } from "@gradus/tensor";
import { WasmBackend } from "@gradus/wasm";
import { LazyBackend } from "./lazy-backend.ts";
import { openWebgpu } from "./open-webgpu.ts";

/** Every backend there is. This file is the only one that knows them. */
export const backendNames = ["wasm", "webgpu", "reference"] as const;
export type BackendName = (typeof backendNames)[number];

export interface RuntimeChoice {
  /**
   * `"wasm"`, the default, is fast and runs everywhere; `"webgpu"` is the graphics card, in Node with the optional package `webgpu`;
   * `"reference"` is float64, slow and for checking others.
   */
  readonly backend?: BackendName;
  /** Threads of the wasm backend, as many as the host has cores by default; the others have one. */
  readonly threads?: number;
}

/**
 * Makes a runtime: a compiler with a backend. Nothing uses it until `useRuntime(runtime)`.
 *
 * ```ts
 * useRuntime(await createRuntime({ backend: "wasm", threads: 2 }));
 * ```
 *
 * @throws ArgumentError for a backend that does not exist, or a thread count it cannot have; BackendError for WebGPU where there is none.
 */
export async function createRuntime({ backend = "wasm", threads }: RuntimeChoice = {}): Promise<Engine> {
  return new Engine(await makeBackend(backend, threads));
}

/** A runtime on the wasm backend that does nothing, and takes no memory, until something is computed. */
export function lazyRuntime(): Engine {
  return new Engine(new LazyBackend("wasm", () => new WasmBackend()));
}

async function makeBackend(name: BackendName, threads: number | undefined): Promise<Backend> {
  switch (name) {
    case "wasm":
      return new WasmBackend(threads === undefined ? {} : { threads });
    case "webgpu":
      refuseThreads(name, threads);
      return openWebgpu();
    case "reference": {
      refuseThreads(name, threads);
      // Loaded only when asked for: a page that trains has no use for it.
      const { ReferenceBackend } = await import("@gradus/reference");
      return new ReferenceBackend();
    }
  }
  name satisfies never;
  throw new ArgumentError("runtime/backend", `there is no backend ${String(name)}; there are ${backendNames.join(", ")}`, {
    subject: "createRuntime",
  });
}

function refuseThreads(name: BackendName, threads: number | undefined): void {
  if (threads === undefined || threads === 1) return;
  throw new ArgumentError("runtime/threads", `the ${name} backend has one thread, not ${threads}`, {
    subject: "createRuntime",
    hint: "leave the number of threads out",
  });
}
