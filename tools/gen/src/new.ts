// `pnpm new op NAME [--kind pointwise|library]` writes an op's row and spec, then brings the barrels up to date.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generate } from "./generate.ts";
import { drafts, type OpKind } from "./templates.ts";

const FOLDER = "packages/tensor/src/ops";
const USAGE = "usage: pnpm new op NAME [--kind pointwise|library]";

const problem = run(process.argv.slice(2));
if (problem !== undefined) {
  console.error(problem);
  process.exitCode = 2;
}

/** Does what the arguments ask; returns the sentence to print when they cannot be obeyed. */
function run(args: readonly string[]): string | undefined {
  const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, strict: false });
  const [what, name, ...rest] = positionals;
  const kind = values["kind"] ?? "pointwise";
  if (what !== "op" || name === undefined || rest.length > 0) return USAGE;
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) return `${name} is not a camelCase name; ${USAGE}`;
  if (!isKind(kind)) return `--kind is ${String(kind)}, expected pointwise or library`;

  const root = fileURLToPath(new URL(`../../../${FOLDER}`, import.meta.url));
  const files = drafts(name, kind);
  const taken = files.find(({ path }) => existsSync(join(root, path)));
  if (taken !== undefined) return `${FOLDER}/${taken.path} exists already`;
  for (const { path, text } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(`wrote ${FOLDER}/${path}`);
  }
  for (const file of generate(root, { write: true })) console.log(`wrote ${FOLDER}/${file}`);
  return undefined;
}

function isKind(value: unknown): value is OpKind {
  return value === "pointwise" || value === "library";
}
