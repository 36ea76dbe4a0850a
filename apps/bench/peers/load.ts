import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Imports a peer as an ES module, from the packages installed in this folder. */
export const loadModule = async (name: string): Promise<unknown> => import(name);

/** Loads a peer's CommonJS form, from the packages installed in this folder. */
export const loadCommonJs: (name: string) => unknown = createRequire(import.meta.url);

/** The version this folder pins, for a peer that exports none of its own. */
export function pinnedVersion(name: string): string {
  const found = new RegExp(`"${name}": "([^"]+)"`).exec(readFileSync(new URL("package.json", import.meta.url), "utf8"));
  return found?.[1] ?? "of unknown version";
}
