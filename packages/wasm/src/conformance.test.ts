import { Engine } from "@gradus/compile";
import { checkOps, type OpReport, sabotage, specifiedOps } from "@gradus/conformance";
import { afterEach, describe, expect, test } from "vitest";
import { WasmBackend, type WasmOptions } from "./backend.ts";
import { wasmFeatures } from "./features.ts";

const features = wasmFeatures();
const levels = (["relaxed", "simd", "scalar"] as const).filter((level) => level !== "relaxed" || features.relaxedSimd);
const engines: Engine[] = [];

async function engineOf(options: WasmOptions): Promise<Engine> {
  const backend = new WasmBackend({ guard: true, ...options });
  await backend.ready();
  const engine = new Engine(backend);
  engines.push(engine);
  return engine;
}

const failuresOf = (reports: readonly OpReport[]): string[] => reports.flatMap(({ op, failures }) => failures.map(({ stage, case: each, reason }) => `${op}: ${stage}: ${each}: ${reason}`));

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

describe.each(levels)("at level %s", (level) => {
  test.each([1, 2])("every op agrees with float64, values and gradients, between canaries, on %i threads", { timeout: 300_000 }, async (threads) => {
    const engine = await engineOf({ level, threads });
    const reports = await checkOps(engine, { entries: 1 });
    expect(failuresOf(reports)).toEqual([]);
    expect(reports.length).toBe(specifiedOps().length);
  });
});
