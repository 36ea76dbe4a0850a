import { readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";

/** What one file under `ops/` exports, as far as the barrels care. */
export interface OpFile {
  /** Relative to the ops folder, with forward slashes: `library/matmul.ts`. */
  readonly path: string;
  /** Op names without their suffix: `matmul` for `export const matmulOp`. */
  readonly ops: readonly string[];
  /** Spec names without their suffix: `matmul` for `export const matmulSpec`. */
  readonly specs: readonly string[];
  readonly functions: readonly string[];
  readonly types: readonly string[];
}

/** Files the generator writes: it must not read them back. */
export const GENERATED = ["index.ts", "public.ts", "specs.ts"] as const;

/** Reads every source file below `root`, sorted by path. */
export function scan(root: string): OpFile[] {
  const generated = new Set<string>(GENERATED);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .map((path) => path.split(sep).join(posix.sep))
    .filter((path) => !generated.has(path))
    .sort(byCodeUnit)
    .map((path) => parse(path, readFileSync(join(root, path), "utf8")));
}

// The formatter keeps top-level declarations at column 0, so anchored patterns see exactly the module's own exports.
// A docstring holding `@internal` right above a declaration keeps it out of the public barrel.
const INTERNAL = /\/\*\*(?:(?!\*\/)[^])*@internal(?:(?!\*\/)[^])*\*\/\n(?=export )/g;

/** Finds the exports of one file's text. */
export function parse(path: string, text: string): OpFile {
  const source = text.replaceAll("\r\n", "\n");
  const open = source.replace(INTERNAL, "/* internal */ ");
  return {
    path,
    ops: names(source, /^export const (\w+)Op\b/gm),
    specs: names(source, /^export const (\w+)Spec\b/gm),
    functions: names(open, /^export (?:async )?function\*? ?([a-z]\w*)/gm),
    types: names(open, /^export (?:type|interface) (\w+)/gm),
  };
}

/** Order that does not depend on the machine's locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function names(source: string, pattern: RegExp): string[] {
  const found = Array.from(source.matchAll(pattern), (match) => match[1]).filter((name) => name !== undefined);
  return [...new Set(found)].sort(byCodeUnit);
}
