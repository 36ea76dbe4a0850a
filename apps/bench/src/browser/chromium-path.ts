import { existsSync } from "node:fs";
import { chromium } from "playwright";
import { findChromium } from "../../../../tools/browser/src/chromium.ts";

/** The Chromium to measure in: `CHROMIUM_PATH`, or the first one on `PATH`, or the one that Playwright installed, or none. */
export function chromiumPath(): string | null {
  const found = findChromium() ?? chromium.executablePath();
  return existsSync(found) ? found : null;
}
