// `pnpm packages` packs every public package as it would be published and lets publint and attw judge the tarball.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");

const folder = mkdtempSync(join(tmpdir(), "gradus-pack-"));
try {
  const packing = run("pnpm", ["--recursive", "--filter", "./packages/**", "pack", "--pack-destination", folder]);
  if (packing !== undefined) throw new Error(packing);
  const tarballs = readdirSync(folder).sort();
  if (tarballs.length === 0) throw new Error("no package was packed");
  for (const tarball of tarballs) {
    const path = join(folder, tarball);
    const problems = [run("publint", ["run", path, "--strict"]), run("attw", [path, "--profile", "esm-only"])].filter(
      (found) => found !== undefined,
    );
    console.log(`${problems.length === 0 ? "ok    " : "FAILED"} ${tarball}`);
    for (const problem of problems) console.log(problem);
    if (problems.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Runs a command silently; returns everything it printed when it failed. */
function run(command: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
  if (error !== undefined) return `${command} did not start: ${error.message}`;
  return status === 0 ? undefined : `${command} ${args.join(" ")}\n${stdout}${stderr}`;
}
