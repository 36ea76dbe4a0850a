import { Engine } from "@gradus/compile";
import { fromHost, hostUniform, layerNorm, stream } from "@gradus/tensor";
import { afterEach, describe, expect, test } from "vitest";
import { WasmBackend } from "./backend.ts";

const backends: WasmBackend[] = [];

afterEach(() => {
  for (const backend of backends.splice(0)) backend.dispose();
});

/** A row standardised in float32 on wasm, less what float64 makes of it: the largest difference. */
async function error(row: Float32Array<ArrayBuffer>): Promise<number> {
  const backend = new WasmBackend({ threads: 1 });
  backends.push(backend);
  const result = layerNorm(fromHost([1, row.length], "float32", row), row.length);
  await new Engine(backend).evaluate([result]);
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  return row.reduce(
    (largest, value, i) => Math.max(largest, Math.abs((result.host?.[i] ?? NaN) - (value - mean) / Math.sqrt(variance + 1e-5))),
    0,
  );
}

describe("mean and variance in one pass over float32", () => {
  const noise = hostUniform(stream(1, "moments"), 4096, -1, 1);

  test("keep their digits where the mean is far from zero", async () => {
    expect(await error(Float32Array.from(noise))).toBeLessThan(1e-5);
    // A float32 near 1000 is itself known to 3e-5.
    expect(await error(noise.map((value) => value + 1000))).toBeLessThan(3e-4);
  });

  test("and where the first elements, which they are counted from, are nothing like the others", async () => {
    expect(await error(noise.map((value, i) => (i < 16 ? 0 : value + 50)))).toBeLessThan(1e-3);
    expect(await error(noise.map((value, i) => (i < 16 ? 1000 : value)))).toBeLessThan(1e-3);
  });

  test("of equal values are that value and zero", async () => {
    expect(await error(new Float32Array(1000).fill(0.1))).toBeLessThan(1e-4);
  });
});
