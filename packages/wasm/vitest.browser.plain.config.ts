import { defineConfig } from "vitest/config";
import shared from "../../vitest.browser.shared.ts";

/** The same browser without the headers that isolate a page: what most servers send. */
export default defineConfig({
  ...shared,
  server: {},
  test: {
    ...shared.test,
    name: "wasm, not isolated",
    include: ["src/not-isolated.browser.test.ts"],
    reporters: ["default", ["json", { outputFile: ".reports/browser-plain.json" }]],
  },
});
