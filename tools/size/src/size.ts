// `pnpm size` prints what each part weighs and fails when one is over its budget.
import { join } from "node:path";
import { BUDGETS } from "./budgets.ts";
import { gzippedSize } from "./bundle.ts";

const ROOT = join(import.meta.dirname, "../../..");

for (const { name, entries, beside, kilobytes } of BUDGETS) {
  const size = (await gzippedSize(ROOT, entries, beside)) / 1000;
  const fits = size <= kilobytes;
  console.log(`${fits ? "ok    " : "FAILED"} ${name}: ${size.toFixed(1)} of ${kilobytes} kB gzipped`);
  if (!fits) process.exitCode = 1;
}
