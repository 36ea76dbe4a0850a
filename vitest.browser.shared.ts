import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { CHROMIUM_FLAGS, findChromium } from "./tools/browser/src/chromium.ts";

const executablePath = findChromium();

/** What every package's browser tests share: they run on the sources, in a headless, cross-origin isolated Chromium. */
export default defineConfig({
  resolve: { conditions: ["gradus-source"] },
  server: {
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  },
  test: {
    include: ["src/**/*.browser.test.ts", "test/**/*.browser.test.ts"],
    passWithNoTests: true,
    testTimeout: 60_000,
    api: { host: "127.0.0.1" },
    reporters: [
      "default",
      fileURLToPath(new URL("tools/verify/src/skip-reasons.ts", import.meta.url)),
      ["json", { outputFile: ".reports/browser.json" }],
    ],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: { args: [...CHROMIUM_FLAGS], ...(executablePath === undefined ? {} : { executablePath }) },
      }),
      instances: [{ browser: "chromium" }],
    },
  },
});
