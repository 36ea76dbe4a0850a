import { defineConfig } from "vitest/config";

/** What every package's tests share: they run on the sources, in a process of their own. */
export default defineConfig({
  resolve: { conditions: ["gradus-source"] },
  ssr: { resolve: { conditions: ["gradus-source"], externalConditions: ["gradus-source"] } },
  test: { include: ["src/**/*.test.ts", "test/**/*.test.ts"], pool: "forks", testTimeout: 60_000 },
});
