import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { examplesOf } from "./examples.ts";

const root = join(import.meta.dirname, "../../..");
const guide = join(root, "docs/guide");
// Inside the package, so that the programs find `gradus` as a reader's would.
const folder = join(import.meta.dirname, "../.cache");
const run = promisify(execFile);

const pages = readdirSync(guide)
  .filter((name) => name.endsWith(".md"))
  .map((name) => ({ name, file: name.replace(/\.md$/, ".ts"), ...examplesOf(readFileSync(join(guide, name), "utf8")) }));
const readme = examplesOf(readFileSync(join(root, "README.md"), "utf8"));

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { file, program } of pages) writeFileSync(join(folder, file), program);
  // Trains on all of the digits set: compiled here, and run by nobody in a hurry.
  writeFileSync(join(folder, "readme.ts"), readme.program);
  const options = { extends: "../../../tsconfig.base.json", compilerOptions: { composite: false, noEmit: true }, include: ["*.ts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
});

test("the guide and the README have examples", () => {
  expect(pages.length).toBeGreaterThanOrEqual(3);
  for (const { program } of [...pages, readme]) expect(program).toContain('from "gradus"');
});

test("every example compiles", async () => {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const outcome = await run(process.execPath, [compiler, "-p", folder]).catch((error: unknown) => error);
  expect(outcome).toEqual({ stdout: "", stderr: "" });
});

describe.each(pages)("$name", ({ file, output }) => {
  test("prints what it says", async () => {
    const { stdout } = await run(process.execPath, ["--conditions=gradus-source", join(folder, file)]);
    expect(stdout).toBe(output);
  });
});
