import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../peers", import.meta.url));

/**
 * Installs the peers' packages as their lockfile pins them, unless they are there already. They are no part of the
 * workspace's install: two hundred megabytes that only a comparison needs. Returns null, or why they are missing.
 */
export function installPeers(say: (line: string) => void): string | null {
  if (isInstalled()) return null;
  say("installing the peers into apps/bench/peers (once)");
  // No package among them needs its install script.
  const { status, stderr, error } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    encoding: "utf8",
  });
  if (status === 0) return null;
  return `npm ci in apps/bench/peers failed: ${error?.message ?? stderr.trim().split("\n").at(-1) ?? "no reason given"}`;
}

/** Whether the lockfile that npm leaves beside what it installed has everything ours pins. */
function isInstalled(): boolean {
  const marker = join(folder, "node_modules/.package-lock.json");
  if (!existsSync(marker)) return false;
  const there = new Set(hashes(marker));
  return hashes(join(folder, "package-lock.json")).every((hash) => there.has(hash));
}

function hashes(lockfile: string): string[] {
  return readFileSync(lockfile, "utf8").match(/"integrity": "[^"]+"/g) ?? [];
}
