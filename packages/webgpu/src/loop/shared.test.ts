import { Engine } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import { argmax, fromHost, hostUniform, max, mean, softmax, stream, sum, type Tensor, useRuntime } from "@gradus/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebgpuBackend } from "../backend.ts";
import { orMissing, testGpu } from "../test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

function values(...shape: readonly number[]): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return fromHost(shape, "float32", Float32Array.from(hostUniform(stream(1, "x"), count, -1, 1)));
}

/** Reductions of every kind of kernel: many and few results, short and long, along memory and across it. */
const programs: Readonly<Record<string, () => Tensor>> = {
  "many short rows": () => sum(values(17_000, 65), { axis: 1 }),
  "few short rows": () => mean(values(100, 300), { axis: 1 }),
  "long rows": () => sum(values(7, 5001), { axis: 1 }),
  columns: () => max(values(300, 70), { axis: 0 }),
  "positions in rows": () => argmax(values(90, 211), { axis: 1 }),
  "softmax of rows": () => softmax(values(50, 1001)),
  everything: () => sum(values(300, 301)),
};

describe.skipIf(gpu === null)(`reductions on WebGPU${orMissing(found)}`, () => {
  const reference = new Engine(new ReferenceBackend());
  let engine: Engine;

  beforeAll(async () => {
    engine = new Engine(await WebgpuBackend.create(gpu === null ? {} : { gpu }));
  });

  afterAll(async () => {
    await engine.dispose();
    await reference.dispose();
  });

  async function on(runtime: Engine, program: () => Tensor): Promise<readonly number[]> {
    const before = useRuntime(runtime);
    try {
      return [...(await program().data())].map(Number);
    } finally {
      useRuntime(before);
    }
  }

  test.each(Object.entries(programs))("%s", { timeout: 60_000 }, async (_name, program) => {
    const [found, expected] = [await on(engine, program), await on(reference, program)];
    expect(found.length).toBe(expected.length);
    const largest = Math.max(...expected.map(Math.abs));
    const furthest = Math.max(...found.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))));
    expect(furthest / largest).toBeLessThan(1e-5);
  });
});
