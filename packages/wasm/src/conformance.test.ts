import { type Backend, Engine, wishesOf } from "@gradus/compile";
import { checkOps, type OpReport, sabotage, specifiedOps, testBackend } from "@gradus/conformance";
import * as runner from "vitest";
import { afterEach, describe, expect, test } from "vitest";
import { WasmBackend, type WasmOptions } from "./backend.ts";
import { wasmFeatures } from "./features.ts";
import { settled } from "./settled.ts";

const features = wasmFeatures();
const levels = (["relaxed", "simd", "scalar"] as const).filter((level) => level !== "relaxed" || features.relaxedSimd);
const engines: Engine[] = [];

/** An engine whose kernels are cut into many tiles and whose runs use every thread. */
function engineOf(options: WasmOptions, change = (backend: Backend): Backend => backend): Engine {
  const engine = new Engine(change(settled(new WasmBackend({ guard: true, tileWork: 200, sharedWork: 0, leastSwept: 0, ...options }))));
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

testBackend(runner, () => new WasmBackend({ threads: 1, leastSwept: 0 }), {
  name: "the suite every backend passes, on one thread, values where they are planned",
  ops: [],
  graphs: 30,
});
testBackend(runner, () => new WasmBackend({ threads: 2, guard: true, tileWork: 200, sharedWork: 0, leastSwept: 0 }), {
  name: "and on two",
  ops: [],
  graphs: 30,
  seed: 1000,
});

describe("what is wrong is noticed", () => {
  test.each(["add", "sum", "matmul", "conv2d", "argmax", "less", "solve"])("one element of %s", async (name) => {
    const engine = engineOf({ threads: 1 }, (backend) => sabotage(backend, { op: name }));
    const reports = await checkOps(engine, { ops: specifiedOps().filter((op) => op.name === name), gradients: false });
    expect(failuresOf(reports).length).toBeGreaterThan(0);
  });

  // What is left over are high coefficients of a polynomial and bounds beyond which nothing changes: worth less than the tolerance.
  test.each([
    ["exp", 5],
    ["tanh", 3],
    ["sigmoid", 5],
    ["log", 8],
    ["erf", 5],
  ] as const)("a constant of the kernel of %s that is half as large again: %i of them or more", async (name, least) => {
    const ops = specifiedOps().filter((op) => op.name === name);
    const failuresWith = async (mutant: number): Promise<{ failures: number; constants: number }> => {
      const { Module } = WebAssembly;
      let constants = 0;
      const prepareMutated = (backend: Backend): Backend => ({
        name: backend.name,
        threads: backend.threads,
        ...wishesOf(backend),
        allocate: (aval, label) => backend.allocate(aval, label),
        memory: () => backend.memory(),
        dispose: () => backend.dispose(),
        prepareTimed: (plan, told) => backend.prepareTimed(plan, told),
        prepare: async (plan) => {
          // What it needs is loaded first: nothing may come in between while modules are made otherwise.
          (await backend.prepare(plan)).free();
          WebAssembly.Module = class extends Module {
            constructor(bytes: BufferSource) {
              const places = floatConstants(bytes as Uint8Array<ArrayBuffer>);
              constants = Math.max(constants, places.length);
              super(mutated(bytes as Uint8Array<ArrayBuffer>, places[mutant]));
            }
          };
          try {
            return await backend.prepare(plan);
          } finally {
            WebAssembly.Module = Module;
          }
        },
      });
      const engine = new Engine(prepareMutated(new WasmBackend({ threads: 1, level: "simd", guard: true })));
      engines.push(engine);
      const reports = await checkOps(engine, { ops, gradients: false });
      return { failures: failuresOf(reports).length, constants };
    };
    const { constants, failures } = await failuresWith(-1);
    expect(failures).toBe(0);
    let caught = 0;
    for (let mutant = 0; mutant < constants; mutant++) if ((await failuresWith(mutant)).failures > 0) caught++;
    expect(caught).toBeGreaterThanOrEqual(least);
  });
});

/** Where a module's bytes hold a vector constant of four equal floats of ordinary size: `v128.const` is 0xfd 0x0c. */
function floatConstants(bytes: Uint8Array<ArrayBuffer>): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: number[] = [];
  for (let at = 2; at + 16 <= bytes.length; at++) {
    if (bytes[at - 2] !== 0xfd || bytes[at - 1] !== 0x0c) continue;
    const [value = 0, ...others] = [0, 4, 8, 12].map((lane) => view.getFloat32(at + lane, true));
    if (others.every((other) => other === value) && Math.abs(value) > 1e-8 && Math.abs(value) < 1e8) found.push(at);
  }
  return found;
}

function mutated(bytes: Uint8Array<ArrayBuffer>, place: number | undefined): Uint8Array<ArrayBuffer> {
  if (place === undefined) return bytes;
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  for (const lane of [0, 4, 8, 12]) view.setFloat32(place + lane, 1.5 * view.getFloat32(place + lane, true), true);
  return copy;
}
