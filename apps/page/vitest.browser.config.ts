import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

/** These tests run in Node and start Chromium themselves. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    name: "page",
    include: ["test/**/*.browser.test.ts"],
    exclude: [],
    reporters: [
      "default",
      fileURLToPath(new URL("../../tools/verify/src/skip-reasons.ts", import.meta.url)),
      ["json", { outputFile: ".reports/browser.json" }],
    ],
  },
});
