import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findChromium } from "./chromium.ts";

test("CHROMIUM_PATH wins, then PATH in order of the names, then nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradus-chromium-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const PATH = ["/nonexistent", folder].join(delimiter);
  expect(findChromium({ PATH })).toBeUndefined();
  writeFileSync(join(folder, "google-chrome"), "", { mode: 0o755 });
  expect(findChromium({ PATH })).toBe(join(folder, "google-chrome"));
  writeFileSync(join(folder, "chromium"), "", { mode: 0o644 });
  expect(findChromium({ PATH })).toBe(join(folder, "google-chrome"));
  expect(findChromium({ PATH, CHROMIUM_PATH: "/opt/chromium" })).toBe("/opt/chromium");
});
