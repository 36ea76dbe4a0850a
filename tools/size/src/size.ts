// `pnpm size` prints what each part weighs and fails when one is over its budget.
import { join } from "node:path";
import { BUDGETS } from "./budgets.ts";
import { gzippedSize } from "./bundle.ts";

const ROOT = join(import.meta.dirname, "../../..");

for (const { name, entries, beside, kilobytes, onDemand = 0 } of BUDGETS) {
  const size = await gzippedSize(ROOT, entries, beside);
  const [first, later] = [size.atFirst / 1000, size.onDemand / 1000];
  const fits = first <= kilobytes && later <= onDemand;
  const rest = later === 0 ? "" : `, and ${later.toFixed(1)} of ${onDemand} kB loaded on demand`;
  console.log(`${fits ? "ok    " : "FAILED"} ${name}: ${first.toFixed(1)} of ${kilobytes} kB gzipped${rest}`);
  if (!fits) process.exitCode = 1;
}
