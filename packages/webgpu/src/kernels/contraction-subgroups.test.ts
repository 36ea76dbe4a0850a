import { Engine } from "@gradus/compile";
import { fromHost, hostUniform, matmul, type Shape, stream, type Tensor, useRuntime } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { WebgpuBackend } from "../backend.ts";
import type { Choose } from "../tuning/choose.ts";
import { featuresOf, orMissing, testGpu } from "../test-gpu.test.support.ts";
import { subgroupContraction } from "./contraction-subgroups.ts";
import { matmulContraction } from "./matmul.ts";
import type { Operand } from "./kernel.ts";
import type { Tile } from "./tile.ts";

const found = await testGpu();
const { gpu } = found;
const hasSubgroups = gpu !== null && (await featuresOf(gpu)).subgroups;
const missing = orMissing(found) || (hasSubgroups ? "" : " (needs an adapter that has them)");

function draw(name: string, shape: Shape): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return fromHost(shape, "float32", Float32Array.from(hostUniform(stream(1, name), count, -1, 1)));
}

describe.skipIf(!hasSubgroups)(`a product in subgroups${missing}`, () => {
  const input = (id = 0): Operand => ({ kind: "buffer", id, written: false });

  /** A product by tiles whose lines are `across` invocations wide. */
  async function product(across: number): Promise<readonly number[]> {
    const tile: Tile = { rows: 4, columns: 4, down: 64 / across, across, depth: 4, ahead: false, halves: false };
    const choose: Choose = ({ call, op, epilogue }) => {
      if (op !== "matmul") throw new RangeError(`there is only a product, and not ${op}`);
      return {
        name: "this tile",
        kernels: ({ reads: [a, b], write }) =>
          subgroupContraction(matmulContraction(call, [input(a), input(b)]), { epilogue, write }, tile),
      };
    };
    const engine = new Engine(await WebgpuBackend.create({ choose, ...(gpu === null ? {} : { gpu }) }));
    const before = useRuntime(engine);
    try {
      return [...(await matmul(draw("a", [37, 101]), draw("b", [101, 70])).data())].map(Number);
    } finally {
      useRuntime(before);
      await engine.dispose();
    }
  }

  test("is the same bits where a subgroup does not stand in one line", { timeout: 120_000 }, async () => {
    // No subgroup is as narrow as two: then each invocation reads its rows by itself.
    const [exchanged, alone] = [await product(32), await product(2)];
    expect(alone).toEqual(exchanged);
    const [a, b] = [await draw("a", [37, 101]).data(), await draw("b", [101, 70]).data()];
    const far = exchanged.map((value, at) => {
      const [row, column] = [Math.floor(at / 70), at % 70];
      let sum = 0;
      for (let k = 0; k < 101; k++) sum += Number(a[row * 101 + k]) * Number(b[k * 70 + column]);
      return Math.abs(value - sum);
    });
    expect(Math.max(...far)).toBeLessThan(1e-4);
  });
});
