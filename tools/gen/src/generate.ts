import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { barrels } from "./barrels.ts";
import { GENERATED, scan } from "./scan.ts";

/**
 * Brings the generated files of an ops folder up to date and returns the names of those that were not.
 * With `write: false` it only reports them.
 */
export function generate(root: string, { write }: { readonly write: boolean }): string[] {
  if (!existsSync(root)) return [];
  const texts = barrels(scan(root));
  const stale = GENERATED.filter((name) => read(join(root, name)) !== texts[name]);
  if (write) for (const name of stale) writeFileSync(join(root, name), texts[name]);
  return stale;
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8").replaceAll("\r\n", "\n") : undefined;
}
