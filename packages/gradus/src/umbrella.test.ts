import { afterEach, describe, expect, it } from "vitest";
import { createRuntime, currentRuntime, mul, tensor, useRuntime } from "./index.ts";
import { LazyBackend } from "./lazy-backend.ts";

const atImport = currentRuntime();
afterEach(() => void useRuntime(atImport));

describe("the umbrella package", () => {
  it("installs a runtime that makes its backend when something is first computed", async () => {
    let made = 0;
    const { backend } = await createRuntime({ backend: "reference" });
    const lazy = new LazyBackend("lazy", () => (made++, backend));
    expect(lazy.memory()).toEqual({ bytes: 0, peakBytes: 0 });
    expect(made).toBe(0);
    void lazy.threads;
    void lazy.threads;
    expect(made).toBe(1);
    expect(atImport.name).toBe("wasm");
  });

  it("computes without being told what with", async () => {
    expect(await mul(tensor([1, 2, 3]), 2).data()).toEqual(Float32Array.of(2, 4, 6));
  });

  it("makes the backend asked for", async () => {
    const runtime = await createRuntime({ backend: "wasm", threads: 1 });
    useRuntime(runtime);
    expect(await mul(tensor([1, 2, 3]), 2).data()).toEqual(Float32Array.of(2, 4, 6));
    expect(runtime.backend.threads).toBe(1);
    await runtime.dispose();
    await expect(createRuntime({ backend: "reference", threads: 2 })).rejects.toThrow("the reference backend has one thread, not 2");
    await expect(createRuntime({ threads: 0 })).rejects.toThrow("threads must be a whole number from 1 to 64, not 0");
  });
});
