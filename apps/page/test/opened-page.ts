import { join } from "node:path";
import { chromium } from "playwright";
import { CHROMIUM_FLAGS, findChromium } from "../../../tools/browser/src/chromium.ts";

/** What a page showed and did until it had finished. */
export interface Opened {
  /** Each run's line, by its name. */
  readonly runs: ReadonlyMap<string, { readonly state: string; readonly text: string; readonly losses: readonly number[] }>;
  /** What the page shows of its errors. */
  readonly errors: string;
  /** Warnings and errors of the console. */
  readonly complaints: readonly string[];
  /** The addresses of every script it loaded, in the page or a worker. */
  readonly scripts: readonly string[];
}

export interface Opening {
  readonly url: string;
  /** Of Chromium's; those with a software adapter by default. */
  readonly flags?: readonly string[];
  /** Addresses that cannot be loaded. */
  readonly blocked?: RegExp;
  /** Leaves a picture of the page, for whoever wants to look at it, in `.reports`. */
  readonly picture?: string;
}

/** Opens a page in a Chromium of its own, and waits until it has finished. */
export async function openPage({ url, flags = CHROMIUM_FLAGS, blocked, picture }: Opening): Promise<Opened> {
  const executablePath = findChromium();
  const browser = await chromium.launch({ args: [...flags], ...(executablePath === undefined ? {} : { executablePath }) });
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    const scripts = new Set<string>();
    page.on("console", (message) => {
      if (message.type() === "warning" || message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", ({ message }) => complaints.push(message));
    page.on("response", (response) => {
      if (response.headers()["content-type"]?.startsWith("text/javascript") === true) scripts.add(response.url());
    });
    if (blocked !== undefined) await page.route(blocked, (route) => route.abort());
    await page.goto(url);
    await page.waitForSelector("body[data-state=finished]", { timeout: 0 });
    const lines = await page.locator("#runs li").evaluateAll((items) =>
      items.map((item) => {
        const { run = "", state = "", losses = "[]" } = item instanceof HTMLElement ? item.dataset : {};
        return { run, state, losses, text: item.querySelector("span")?.textContent ?? "" };
      }),
    );
    if (picture !== undefined) await page.screenshot({ path: join(import.meta.dirname, "../.reports", `${picture}.png`), fullPage: true });
    return {
      runs: new Map(lines.map(({ run, losses, ...rest }) => [run, { ...rest, losses: JSON.parse(losses) as number[] }])),
      errors: await page.locator("#errors").innerText(),
      complaints,
      scripts: [...scripts],
    };
  } finally {
    await browser.close();
  }
}
