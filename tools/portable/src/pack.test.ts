import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeGpu } from "@gradus/webgpu/node";
import { afterAll, describe, expect, test } from "vitest";
import { pack } from "./pack.ts";

const adapter = await (await nodeGpu()).requestAdapter();
const folder = mkdtempSync(join(tmpdir(), "gradus-portable-test-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(adapter === null || process.platform !== "linux" || process.arch !== "x64")(
  "the portable benchmark (needs x86-64 Linux and a WebGPU adapter, real or VK_ICD_FILENAMES naming a software driver)",
  () => {
    test("is below 60 MB, and runs from an empty folder without PATH", { timeout: 600_000 }, async () => {
      const archive = join(folder, "bench.tar.gz");
      await pack(archive);
      expect(statSync(archive).size).toBeLessThan(60e6);
      const there = join(folder, "there");
      mkdirSync(there);
      expect(spawnSync("tar", ["-xzf", archive, "-C", there]).status).toBe(0);
      const args = ["copy 1M", "--effort", "0.01", "--json", join(there, "report.json")];
      const { VK_ICD_FILENAMES = "" } = process.env;
      const { stdout, stderr, status } = spawnSync(join(there, "gradus-gpu-bench/run"), args, {
        cwd: there,
        encoding: "utf8",
        env: { PATH: "", HOME: there, ...(VK_ICD_FILENAMES === "" ? {} : { VK_ICD_FILENAMES }) },
      });
      expect(status, stderr).toBe(0);
      expect(stdout).toMatch(/copy 1M\n(.*\n)* +gradus webgpu +\d/);
      expect(stdout).toContain("a dispatch, host and device");
      const report: unknown = JSON.parse(readFileSync(join(there, "report.json"), "utf8"));
      expect(report).toMatchObject({ cases: [{ name: "copy 1M", results: [{ library: "gradus webgpu", kind: "measured" }, {}, {}] }] });
    });
  },
);
