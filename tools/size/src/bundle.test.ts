import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { gzippedSize, modulesAtFirst } from "./bundle.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gradus-size-"));
  writeFileSync(join(root, "small.js"), "export const a = 1;\n");
  // Digits of a multiplicative sequence: text that gzip cannot shrink much.
  const noise = Array.from({ length: 2000 }, (_, i) => ((i * 2654435761) % 4294967296).toString(36)).join("");
  writeFileSync(join(root, "large.js"), `export const a = "${noise}";\n`);
  writeFileSync(join(root, "lazy.js"), 'export const load = () => import("./large.js");\n');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

test("what an entry exports is counted, in every entry", async () => {
  const atFirst = async (...entries: string[]): Promise<number> => (await gzippedSize(root, entries)).atFirst;
  const small = await atFirst("small.js");
  const large = await atFirst("large.js");
  const both = await atFirst("small.js", "large.js");
  expect(small).toBeLessThan(300);
  expect(large).toBeGreaterThan(5000);
  expect(both).toBeGreaterThan(large);
});

test("what is loaded on demand is counted apart", async () => {
  const { atFirst, onDemand } = await gzippedSize(root, ["lazy.js"]);
  expect(atFirst).toBeLessThan(1000);
  expect(onDemand).toBeGreaterThan(5000);
});

test("packages beside the bundle are not", async () => {
  writeFileSync(join(root, "uses.js"), 'export * from "@gradus/tensor";\nimport "node:fs";\n');
  expect((await gzippedSize(root, ["uses.js"], ["@gradus/tensor"])).atFirst).toBeLessThan(1000);
});

test("a program that only multiplies matrices loads no other op, and no kernels but its own", async () => {
  const modules = await modulesAtFirst(join(import.meta.dirname, "../../.."), ["tools/size/src/pages/only-matmul.ts"]);
  expect(modules).toContain("packages/wasm/dist/kernels/matmul.js");
  expect(modules.filter((path) => /conv|winograd|depthwise|pool|softmax|sort|random/i.test(path.replace("wasm/dist/pool.js", "")))).toEqual(
    [],
  );
});
