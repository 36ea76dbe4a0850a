import { type Backend, wishesOf } from "@gradus/compile";
import type { WasmBackend } from "./backend.ts";

/**
 * The same backend, whose plans are handed out once every worker has them: each run uses all threads, the first one too.
 * For tests and measurements; training does not wait, and its first runs are on one thread.
 */
export function settled(backend: WasmBackend): Backend {
  return {
    name: backend.name,
    threads: backend.threads,
    ...wishesOf(backend),
    prepare: async (plan) => {
      const executable = await backend.prepare(plan);
      await backend.ready();
      return executable;
    },
    prepareTimed: (plan, told) => backend.prepareTimed(plan, told),
    allocate: (aval, label) => backend.allocate(aval, label),
    memory: () => backend.memory(),
    dispose: () => backend.dispose(),
  };
}
