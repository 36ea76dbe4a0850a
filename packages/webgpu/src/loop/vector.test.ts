import { compile, Engine } from "@gradus/compile";
import { ReferenceBackend } from "@gradus/reference";
import {
  add,
  cast,
  fromHost,
  hostUniform,
  indexSelect,
  mul,
  narrow,
  relu,
  reshape,
  State,
  stream,
  type Tensor,
  transpose,
  useRuntime,
} from "@gradus/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebgpuBackend } from "../backend.ts";
import { orMissing, testGpu } from "../test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

function values(name: string, shape: readonly number[]): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return fromHost(shape, "float32", Float32Array.from(hostUniform(stream(1, name), count, -1, 1)));
}

/** Each on more elements than where results are computed in fours. */
const programs: Readonly<Record<string, () => Tensor>> = {
  "a chain": () => relu(mul(values("x", [300, 256]), values("y", [300, 256]))),
  "a bias of channels": () => add(values("x", [8, 16, 24, 24]), reshape(values("bias", [16]), [16, 1, 1])),
  "a bias along the last axis": () => add(values("x", [300, 256]), values("bias", [256])),
  "a transposed factor": () => mul(values("x", [260, 256]), transpose(values("y", [256, 260]))),
  "a slice that begins off a multiple of four": () => relu(narrow(values("x", [300, 260]), 1, 3, 256)),
  "a slice that begins at a multiple of four": () => relu(narrow(values("x", [300, 264]), 1, 4, 256)),
  "rows whose length is no multiple of four": () => relu(narrow(values("x", [300, 257]), 1, 0, 256)),
  integers: () => cast(mul(values("x", [300, 256]), values("y", [300, 256])), "int32"),
  "gathered rows": () =>
    relu(
      indexSelect(
        values("x", [50, 256]),
        fromHost(
          [300],
          "int32",
          Int32Array.from({ length: 300 }, (_, i) => (i * 7) % 50),
        ),
      ),
    ),
  "an odd count": () => relu(values("x", [257, 257])),
};

describe.skipIf(gpu === null)(`results in fours on WebGPU${orMissing(found)}`, () => {
  const reference = new Engine(new ReferenceBackend());
  let engine: Engine;

  beforeAll(async () => {
    engine = new Engine(await WebgpuBackend.create(gpu === null ? {} : { gpu }));
  });

  afterAll(async () => {
    await engine.dispose();
    await reference.dispose();
  });

  async function on(runtime: Engine, program: () => Tensor) {
    const before = useRuntime(runtime);
    try {
      return await program().data();
    } finally {
      useRuntime(before);
    }
  }

  test.each(Object.entries(programs))("%s", { timeout: 60_000 }, async (_name, program) => {
    expect(await on(engine, program)).toEqual(await on(reference, program));
  });

  test("a state cell is updated in place", { timeout: 60_000 }, async () => {
    const before = useRuntime(engine);
    const cell = new State({ shape: [300, 256], dtype: "float32" }, "cell", () => new Float32Array(300 * 256).fill(3));
    try {
      const step = compile(() => cell.assign(mul(cell, cell)));
      await step();
      await step();
      const found = await cell.data();
      expect(found.every((value) => value === 81)).toBe(true);
    } finally {
      cell.free();
      useRuntime(before);
    }
  });
});
