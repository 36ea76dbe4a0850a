import { fileURLToPath } from "node:url";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** What every package's tests share: they run on the sources, in a process of their own. */
export default defineConfig({
  resolve: { conditions: ["gradus-source"] },
  ssr: { resolve: { conditions: ["gradus-source"], externalConditions: ["gradus-source"] } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/*.browser.test.ts"],
    passWithNoTests: true,
    pool: "forks",
    // turbo runs two packages at a time.
    maxWorkers: Math.max(1, Math.floor(availableParallelism() / 2)),
    testTimeout: 60_000,
    reporters: [
      "default",
      fileURLToPath(new URL("tools/verify/src/skip-reasons.ts", import.meta.url)),
      ["json", { outputFile: ".reports/unit.json" }],
    ],
  },
});
