import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { BUDGETS } from "../../../../tools/size/src/budgets.ts";
import { gzippedSize } from "../../../../tools/size/src/bundle.ts";

const root = join(import.meta.dirname, "../../../..");

/** Builds the packages and weighs what a page loads at first of tensor, compile and wasm together, minified and gzipped, in kilobytes. */
export async function measureBundle(): Promise<number> {
  buildPackages("packages/wasm");
  const [budget] = BUDGETS;
  if (budget === undefined) throw new Error("tools/size has no budget");
  return (await gzippedSize(root, budget.entries, budget.beside)).atFirst / 1000;
}

/** Builds a package, by its folder, and those it needs. */
export function buildPackages(folder: string): void {
  const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", join(root, folder)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the packages do not build: ${stdout.split("\n")[0] ?? ""}`);
}
