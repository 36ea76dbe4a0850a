import type { LibraryCall } from "@gradus/compile";
import type { Aval, Shape } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { kernelTable, type KernelDevice } from "../kernel-table.ts";
import { tileBytes } from "./tile.ts";
import { subgroupTiles, tiles, tilesOfHalves } from "./contraction-candidates.ts";

const gpu: KernelDevice = {
  software: false,
  workgroupBytes: 49_152,
  workgroupSize: 1024,
  subgroupSize: 1,
  f16: false,
  bindingBytes: 2 ** 31,
  convolution: "fastest",
};

function floats(...shape: Shape): Aval {
  return { shape, dtype: "float32" };
}

function product(m: number, k: number, n: number, transposeB = false): LibraryCall<"matmul"> {
  return {
    x: { a: floats(m, k), b: transposeB ? floats(n, k) : floats(k, n) },
    attrs: { transposeA: false, transposeB },
    out: floats(m, n),
  };
}

function names(call: LibraryCall<"matmul">, device: KernelDevice = gpu): readonly string[] {
  return kernelTable(device)
    .matmul(call, null)
    .map(({ name }) => name);
}

describe("the candidate tried first", () => {
  test.each([
    ["a large product: the largest tile", product(4096, 4096, 4096), "128x128x16 by 8x8"],
    ["too few rows for it: a lower tile", product(64, 512, 65_536), "64x128x16 by 8x8"],
    ["few elements and long sums: a tile in parts", product(64, 25_088, 576), "64x64x16 by 8x8 in parts"],
    ["one row of a layer: a workgroup an element", product(1, 4096, 1000, true), "shared"],
    ["one row, and columns that lie side by side: an invocation an element", product(1, 4096, 1000), "plain"],
    ["a small product", product(20, 20, 20), "plain"],
  ])("%s", (_what, call, first) => {
    expect(names(call)[0]).toBe(first);
  });

  test("where an invocation by itself would take seconds it is no candidate", () => {
    expect(names(product(4096, 4096, 4096))).not.toContain("plain");
    expect(names(product(1024, 1024, 1024))).toContain("plain");
  });

  test("a software device multiplies plainly", () => {
    expect(names(product(512, 512, 512), { ...gpu, software: true })[0]).toBe("plain");
  });
});

test("a device is offered no tile that it has no room for", () => {
  const least: KernelDevice = { ...gpu, workgroupBytes: 16_384, workgroupSize: 128 };
  const offered = names(product(1024, 1024, 1024), least);
  expect(offered).toContain("64x64x16 by 8x8");
  expect(offered.filter((name) => name.startsWith("128"))).toEqual([]);
});

describe("what a device has beyond the least", () => {
  const more: KernelDevice = { ...gpu, subgroupSize: 32, f16: true };
  const halves = (call: LibraryCall<"matmul">): LibraryCall<"matmul"> => ({
    ...call,
    x: { a: { ...call.x.a, dtype: "float16" }, b: { ...call.x.b, dtype: "float16" } },
  });
  const shapes = [product(4096, 4096, 4096), product(64, 25_088, 576), product(1, 4096, 1000, true), product(20, 20, 20)];

  test.each(shapes.map((call) => [call.out.shape.join("x"), call] as const))(
    "adds candidates for %s, and never the first",
    (_shape, call) => {
      const plain = names(halves(call));
      const offered = names(halves(call), more);
      expect(offered[0]).toBe(plain[0]);
      expect(offered).toEqual(expect.arrayContaining([...plain]));
      const added = offered.filter((name) => !plain.includes(name));
      expect(added.every((name) => /in (subgroups|halves)/.test(name))).toBe(true);
    },
  );

  test("tiles of halves are for factors of halves", () => {
    expect(names(product(512, 512, 512), more).filter((name) => name.includes("halves"))).toEqual([]);
    expect(names(halves(product(512, 512, 512)), more)).toContain("128x128x32 by 8x8 in halves");
  });

  test("neighbours exchange rows where their columns are neighbours too", () => {
    expect(names(product(512, 512, 512), more)).toContain("64x128x4 by 8x4 in subgroups");
    expect(names(product(512, 512, 512, true), more).filter((name) => name.includes("subgroups"))).toEqual([]);
    expect(names(product(1, 4096, 1000, true), more)).toContain("shared in subgroups");
  });

  test("a line of a block is as wide as any subgroup", () => {
    for (const size of [4, 8, 16, 32, 64, 128]) {
      for (const { down, across } of subgroupTiles(size)) {
        expect(across % size).toBe(0);
        expect(down * across).toBe(256);
      }
    }
  });
});

test("every tile is whole: its invocations bring the same number of vectors each, and fit a device of 48 KiB", () => {
  for (const { rows, columns, down, across, depth, ...rest } of [...tiles, ...tilesOfHalves]) {
    const size = down * across;
    expect([(rows * down * depth) / 4 / size, (columns * across * depth) / 4 / size].every(Number.isInteger)).toBe(true);
    expect(tileBytes({ rows, columns, down, across, depth, ...rest })).toBeLessThanOrEqual(49_152);
  }
});
