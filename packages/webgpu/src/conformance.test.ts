import { Engine } from "@gradus/compile";
import { checkOps, sabotage, specifiedOps, testBackend } from "@gradus/conformance";
import * as runner from "vitest";
import { describe, expect, test } from "vitest";
import { WebgpuBackend } from "./backend.ts";
import { orMissing, testGpu } from "./test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

describe.skipIf(gpu === null)(`WebGPU${orMissing(found)}`, () => {
  const make = async (): Promise<WebgpuBackend> => WebgpuBackend.create(gpu === null ? {} : { gpu });

  testBackend({ ...runner, describe: (name, register) => runner.describe(name, { timeout: 300_000 }, register) }, make, {
    name: "the suite every backend passes",
    graphs: 30,
  });

  test.each(["add", "sum", "matmul", "conv2d", "argmax", "less", "solve"])(
    "one wrong element of %s is noticed",
    { timeout: 120_000 },
    async (name) => {
      const engine = new Engine(sabotage(await make(), { op: name }));
      try {
        const [report] = await checkOps(engine, { ops: specifiedOps().filter((op) => op.name === name), gradients: false });
        expect(report?.failures.length).toBeGreaterThan(0);
      } finally {
        await engine.dispose();
      }
    },
  );
});
