import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { generate } from "./generate.ts";
import { drafts, type OpKind } from "./templates.ts";

const USAGE = "usage: pnpm new op NAME [--kind pointwise|library]";

/**
 * Obeys the arguments of `pnpm new` in the ops folder `root` and returns the files it wrote, relative to it.
 * Throws an error with one sentence, and writes nothing, when it cannot.
 */
export function newOp(args: readonly string[], root: string): string[] {
  const { positionals, kind } = parse(args);
  const [what, name, ...rest] = positionals;
  if (what !== "op" || name === undefined || rest.length > 0) throw new Error(USAGE);
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new Error(`${name} is not a camelCase name; ${USAGE}`);
  if (!isKind(kind)) throw new Error(`--kind is ${kind}, expected pointwise or library`);

  const files = drafts(name, kind);
  const taken = files.find(({ path }) => existsSync(join(root, path)));
  if (taken !== undefined) throw new Error(`${taken.path} exists already`);
  for (const { path, text } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return [...files.map(({ path }) => path), ...generate(root, { write: true })];
}

function parse(args: readonly string[]): { readonly positionals: readonly string[]; readonly kind: string } {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { kind: { type: "string", default: "pointwise" } },
    });
    return { positionals, kind: values.kind };
  } catch (cause) {
    throw new Error(USAGE, { cause });
  }
}

function isKind(value: string): value is OpKind {
  return value === "pointwise" || value === "library";
}
