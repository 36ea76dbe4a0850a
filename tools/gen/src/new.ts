// `pnpm new op NAME [--kind pointwise|library]` writes an op's row and spec, then brings the barrels up to date.
import { fileURLToPath } from "node:url";
import { newOp } from "./new-op.ts";

const FOLDER = "packages/tensor/src/ops";

try {
  const root = fileURLToPath(new URL(`../../../${FOLDER}`, import.meta.url));
  for (const path of newOp(process.argv.slice(2), root)) console.log(`wrote ${FOLDER}/${path}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
