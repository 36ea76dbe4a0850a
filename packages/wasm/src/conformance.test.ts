import { type Backend, Engine } from "@gradus/compile";
import { checkOps, type OpReport, sabotage, specifiedOps, testBackend } from "@gradus/conformance";
import * as runner from "vitest";
import { afterEach, describe, expect, test } from "vitest";
import { WasmBackend, type WasmOptions } from "./backend.ts";
import { wasmFeatures } from "./features.ts";
import { settled } from "./training-step.test.harness.ts";

const features = wasmFeatures();
const levels = (["relaxed", "simd", "scalar"] as const).filter((level) => level !== "relaxed" || features.relaxedSimd);
const engines: Engine[] = [];

/** An engine whose kernels are cut into many tiles and whose runs use every thread. */
function engineOf(options: WasmOptions, change = (backend: Backend): Backend => backend): Engine {
  const engine = new Engine(change(settled(new WasmBackend({ guard: true, tileWork: 200, ...options }))));
  engines.push(engine);
  return engine;
}

const failuresOf = (reports: readonly OpReport[]): string[] =>
  reports.flatMap(({ op, failures }) => failures.map(({ stage, case: each, reason }) => `${op}: ${stage}: ${each}: ${reason}`));

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

describe.each(levels)("at level %s", (level) => {
  test.each([1, 2])(
    "every op agrees with float64, values and gradients, between canaries, on %i threads",
    { timeout: 300_000 },
    async (threads) => {
      const engine = engineOf({ level, threads });
      const reports = await checkOps(engine, { entries: 1 });
      expect(failuresOf(reports)).toEqual([]);
      expect(reports.length).toBe(specifiedOps().length);
    },
  );
});

testBackend(runner, () => new WasmBackend({ threads: 1, guard: true }), {
  name: "the suite every backend passes, on one thread",
  ops: [],
  graphs: 30,
});
testBackend(runner, () => new WasmBackend({ threads: 2, guard: true, tileWork: 200 }), {
  name: "and on two",
  ops: [],
  graphs: 30,
  seed: 1000,
});

describe("what is wrong is noticed", () => {
  test.each(["add", "sum", "matmul", "conv2d", "argmax", "less"])("one element of %s", async (name) => {
    const engine = engineOf({ threads: 1 }, (backend) => sabotage(backend, { op: name }));
    const reports = await checkOps(engine, { ops: specifiedOps().filter((op) => op.name === name), gradients: false });
    expect(failuresOf(reports).length).toBeGreaterThan(0);
  });
});
