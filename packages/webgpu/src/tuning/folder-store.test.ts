import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderTuningStore } from "./folder-store.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gradus-tuning-"));
});

afterEach(async () => rm(folder, { recursive: true, force: true }));

test("a text comes back whole, and nothing else is left in the folder", async () => {
  const store = folderTuningStore(join(folder, "deep", "in"));
  expect(await store.load("nvidia hopper")).toBeNull();
  await store.save("nvidia hopper", "first");
  await store.save("nvidia hopper", "second");
  expect(await store.load("nvidia hopper")).toBe("second");
  expect(await readdir(join(folder, "deep", "in"))).toEqual(["nvidia-hopper.json"]);
});

test("a name cannot lead out of the folder", async () => {
  const store = folderTuningStore(folder);
  await store.save("../../outside", "text");
  expect(await readdir(folder)).toEqual(["-outside.json"]);
});

test("a file that is too long is as none", async () => {
  await writeFile(join(folder, "gpu.json"), " ".repeat(2 ** 20 + 1));
  expect(await folderTuningStore(folder).load("gpu")).toBeNull();
});

test("where the folder cannot be made, saving fails", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(folderTuningStore(join(folder, "file", "in")).save("gpu", "text")).rejects.toThrow("ENOTDIR");
});
