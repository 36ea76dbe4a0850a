// `pnpm gen` writes the barrels of packages/tensor/src/ops; `pnpm gen --check` fails when one is stale.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generate } from "./generate.ts";

const FOLDER = "packages/tensor/src/ops";
const { check } = parseArgs({ options: { check: { type: "boolean", default: false } } }).values;
const stale = generate(fileURLToPath(new URL(`../../../${FOLDER}`, import.meta.url)), { write: !check });

for (const name of stale) console.log(check ? `stale: ${FOLDER}/${name}` : `wrote ${FOLDER}/${name}`);
if (stale.length === 0) console.log("generated files are up to date");
else if (check) {
  console.log("run `pnpm gen` and commit what it writes");
  process.exitCode = 1;
}
