import type { Engine } from "@gradus/compile";
import { useRuntime } from "@gradus/tensor";
import { type BackendName, createRuntime } from "../runtime.ts";

/** Installs a runtime for one command; disposing of it ends its threads. */
export async function openRuntime(backend: BackendName, threads: number | null): Promise<AsyncDisposable & { readonly engine: Engine }> {
  const engine = await createRuntime({ backend, ...(threads === null ? {} : { threads }) });
  const before = useRuntime(engine);
  return {
    engine,
    [Symbol.asyncDispose]: async () => {
      useRuntime(before);
      await engine.dispose();
    },
  };
}
