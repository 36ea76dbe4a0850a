import { Engine } from "@gradus/compile";
import { fromHost, hostIntegers, hostUniform, indexSelect, stream, useRuntime, vjp, zeros } from "@gradus/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebgpuBackend } from "../backend.ts";
import { orMissing, testGpu } from "../test-gpu.test.support.ts";

const found = await testGpu();
const { gpu } = found;

interface Sizes {
  readonly count: number;
  readonly rows: number;
  readonly inner: number;
}

describe.skipIf(gpu === null)(`scatterAdd on WebGPU${orMissing(found)}`, () => {
  let engine: Engine;
  let wanted = "";
  const offered: string[] = [];

  beforeAll(async () => {
    const choose: NonNullable<NonNullable<Parameters<typeof WebgpuBackend.create>[0]>["choose"]> = (_step, candidates) => {
      offered.push(...candidates.map(({ name }) => name));
      return candidates.find(({ name }) => name === wanted) ?? candidates[0];
    };
    engine = new Engine(await WebgpuBackend.create({ ...(gpu === null ? {} : { gpu }), choose }));
  });

  afterAll(async () => engine.dispose());

  async function scattered(name: string, { rows, inner }: Sizes, index: Int32Array<ArrayBuffer>, updates: Float32Array<ArrayBuffer>) {
    wanted = name;
    engine.clear();
    const before = useRuntime(engine);
    try {
      const at = fromHost([index.length], "int32", index);
      const [sums] = vjp((table) => indexSelect(table, at), [zeros([rows, inner])]).pullback(
        fromHost([index.length, inner], "float32", updates),
      );
      return await sums?.data();
    } finally {
      useRuntime(before);
    }
  }

  const cases: readonly Sizes[] = [
    { count: 1, rows: 3, inner: 2 },
    { count: 255, rows: 7, inner: 3 },
    { count: 257, rows: 1, inner: 1 },
    { count: 1000, rows: 50, inner: 5 },
    { count: 4099, rows: 300, inner: 2 },
  ];

  test.each(["by row", "sorted"])("%s: sums in the order of the index, to the bit", { timeout: 120_000 }, async (name) => {
    for (const sizes of cases) {
      const { count, rows, inner } = sizes;
      // Beyond both ends too: those count as the nearest row.
      const index = Int32Array.from(hostIntegers(stream(1, "index"), count, -2, rows + 2));
      const updates = Float32Array.from(hostUniform(stream(1, "updates"), count * inner, -1, 1));
      const expected = new Float32Array(rows * inner);
      index.forEach((named, i) => {
        const row = Math.min(Math.max(named, 0), rows - 1);
        for (let j = 0; j < inner; j++) expected[row * inner + j] = (expected[row * inner + j] ?? 0) + (updates[i * inner + j] ?? 0);
      });
      expect(await scattered(name, sizes, index, updates), `${count} updates of ${rows} rows`).toEqual(expected);
    }
    expect(offered).toContain(name);
  });
});
