import type { LibraryCall } from "@gradus/compile";
import type { Aval, Shape } from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { kernelTable, type KernelDevice } from "../kernel-table.ts";
import { tileBytes } from "./tile.ts";
import { tiles } from "./contraction-candidates.ts";

const gpu: KernelDevice = { software: false, workgroupBytes: 49_152, workgroupSize: 1024, bindingBytes: 2 ** 31, convolution: "fastest" };

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

test("every tile is whole: its invocations bring the same number of vectors each, and fit a device of 48 KiB", () => {
  for (const { rows, columns, down, across, depth, ...rest } of tiles) {
    const size = down * across;
    expect([(rows * down * depth) / 4 / size, (columns * across * depth) / 4 / size].every(Number.isInteger)).toBe(true);
    expect(tileBytes({ rows, columns, down, across, depth, ...rest })).toBeLessThanOrEqual(49_152);
  }
});
