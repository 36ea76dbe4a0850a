import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readReport } from "../src/read-report.ts";
import { matmul, report, reportOf, measured } from "./sample-report.ts";

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "gradus-bench-"))));
afterAll(() => rmSync(folder, { recursive: true }));

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const script = join(import.meta.dirname, "../src/bench.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--conditions=gradus-source", script, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("a short run writes a table, a report and a page, which compare and render take", { timeout: 120_000 }, () => {
  const [json, page] = [join(folder, "run.json"), join(folder, "run.html")];
  const run = bench("matmul 256", "--threads", "1,2", "--effort", "0.02", "--json", json, "--html", page);
  expect(run).toMatchObject({ status: 0, stderr: "" });
  expect(run.stdout).toContain("\nmatmul 256x256x256\n");
  const written = readReport(json);
  expect(written.cases.map(({ results }) => results.map(({ contender, kind }) => `${contender}: ${kind}`))).toEqual([
    ["gradus: measured", "gradus, 2 threads: measured"],
  ]);
  expect(written.command).toBe("pnpm bench matmul 256 --threads 1,2 --effort 0.02");
  expect(written.ceilings.length).toBeGreaterThan(0);
  expect(written.sizes["gradus"]?.kind).toBe("bundle");
  expect(readFileSync(page, "utf8")).toContain("matmul 256x256x256");

  const again = join(folder, "again.html");
  expect(bench("render", json, "--html", again)).toMatchObject({ status: 0, stderr: "" });
  expect(readFileSync(again, "utf8")).toBe(readFileSync(page, "utf8"));
  const same = bench("compare", json, json);
  // Whether others disturbed the run is not this test's to say.
  expect(same).toMatchObject({ status: 0, stdout: expect.stringMatching(/0 slower, 0 faster, \d the same, \d not judged, 0 lost\n$/) });
});

test("compare fails with 1 when Gradus became slower, and with 2 and a sentence when it cannot tell", () => {
  const write = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const old = write("old.json", report);
  const slow = write("slow.json", reportOf(measured("gradus", 1, 80, 81, 82)));
  expect(bench("compare", old, slow)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining("slower  matmul, gradus  41.000 -> 81.000 ms"),
  });
  const broken = write("broken.json", { ...report, cases: [{ ...matmul, results: 1 }] });
  expect(bench("compare", old, broken)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining(`bench: ${broken}.cases[0].results should be a list, not 1\n`),
  });
  expect(bench("compare", old)).toMatchObject({ status: 2, stderr: expect.stringContaining("compare takes two files") });
});
