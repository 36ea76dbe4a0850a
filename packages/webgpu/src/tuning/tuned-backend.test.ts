import { Engine } from "@gradus/compile";
import { difference, matmulCase, timeCase } from "@gradus/conformance/perf";
import { describe, expect, test } from "vitest";
import { WebgpuBackend } from "../backend.ts";
import { orMissing, testGpu } from "../test-gpu.test.support.ts";
import type { TuningStore } from "./choices.ts";

const found = await testGpu();
const { gpu } = found;

describe.skipIf(gpu === null)(`tuning on WebGPU${orMissing(found)}`, () => {
  // Few candidates, so that a software device compiles them soon.
  const product = matmulCase({ m: 4, k: 1000, n: 20 });

  async function outputsWith(tuning: "on" | "off", store: TuningStore) {
    const backend = await WebgpuBackend.create({ ...(gpu === null ? {} : { gpu }), tuning, tuningStore: store });
    const engine = new Engine(backend);
    try {
      return (await timeCase(engine, product, 0)).outputs;
    } finally {
      await engine.dispose();
    }
  }

  test("measures candidates on the device, saves the choice, and computes the same", { timeout: 120_000 }, async () => {
    const saved = new Map<string, string>();
    const store: TuningStore = {
      load: async (name) => saved.get(name) ?? null,
      async save(name, text) {
        saved.set(name, text);
      },
    };
    const untuned = await outputsWith("off", store);
    expect(saved.size).toBe(0);
    const tuned = await outputsWith("on", store);
    expect(difference(untuned, tuned, 1e-5)).toBeNull();
    expect([...saved.values()].join("")).toMatch(/matmul\|.*"(plain|shared)"/);
  });
});
