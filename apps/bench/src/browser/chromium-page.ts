import { setTimeout as wait } from "node:timers/promises";
import { type Browser, chromium, type Page } from "playwright";
import { CHROMIUM_GPU_FLAGS } from "../../../../tools/browser/src/chromium.ts";

/** One page in a headless Chromium of its own, which is stopped when the page takes too long over a call. */
export class ChromiumPage {
  /** The processes that compute for the page, the browser's own first; empty before it is open. */
  pids: readonly number[] = [];
  #ended: string | null = null;
  #lastError = "";
  #browser: Browser | null = null;
  #page: Page | null = null;
  readonly #executable: string | null;
  readonly #patience: number;

  constructor(executable: string | null, patience: number) {
    this.#executable = executable;
    this.#patience = patience;
  }

  /** Why it answers no more; null while it does. */
  get ended(): string | null {
    return this.#ended;
  }

  /** The last error the page showed, behind a colon; empty when there was none. */
  get lastError(): string {
    return this.#lastError === "" ? "" : `: ${this.#lastError}`;
  }

  /** The browser's name and version; null before it is open. */
  get browserName(): string | null {
    return this.#browser === null ? null : `Chromium ${this.#browser.version()}`;
  }

  /** Resolves to null once the page is loaded, or to the reason why it is not. */
  async open(url: string): Promise<string | null> {
    if (this.#executable === null) return noChromium;
    try {
      this.#browser = await chromium.launch({
        executablePath: this.#executable,
        args: [...CHROMIUM_GPU_FLAGS],
        timeout: this.#patience,
        // These end the harness, and the browser with it; Playwright would only end the browser.
        handleSIGTERM: false,
        handleSIGHUP: false,
      });
      this.#browser.on("disconnected", () => (this.#ended ??= `its browser ended${this.lastError}`));
      this.#page = await this.#browser.newPage();
      this.#page.on("crash", () => this.#kill(`its page crashed${this.lastError}`));
      this.#page.on("pageerror", (error) => (this.#lastError = firstLine(error.message)));
      await this.#page.goto(url, { timeout: this.#patience });
      this.pids = await processes(this.#browser);
      return null;
    } catch (error) {
      return `Chromium does not open its page: ${error instanceof Error ? firstLine(error.message) : String(error)}`;
    }
  }

  /** Calls a function in the page; null when the page ended, or was stuck and stopped. */
  async call<A, R>(f: (argument: A) => Promise<R>, argument: A): Promise<R | null> {
    if (this.#page === null || this.#ended !== null) return null;
    const waiting = new AbortController();
    const stuck = wait(this.#patience, null, { signal: waiting.signal }).then(
      () => this.#kill(`no answer within ${this.#patience / 1000} s`),
      () => {},
    );
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Playwright's own types turn inside out what the two have in common
      return await (this.#page.evaluate as unknown as (f: (argument: A) => Promise<R>, argument: A) => Promise<R>).call(
        this.#page,
        f,
        argument,
      );
    } catch (error) {
      this.#ended ??= error instanceof Error ? firstLine(error.message) : String(error);
      return null;
    } finally {
      waiting.abort();
      await stuck;
    }
  }

  async close(): Promise<void> {
    this.#kill("it was stopped");
    await this.#browser?.close().catch(() => {});
  }

  /** A page in the middle of a computation hears nothing else. */
  #kill(why: string): void {
    this.#ended ??= why;
    const [browser] = this.pids;
    this.pids = [];
    if (browser === undefined) return;
    try {
      process.kill(browser, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

const noChromium = "there is no Chromium: put one on PATH, or its path into CHROMIUM_PATH";

/** The browser's process, then those that run its pages and their graphics. */
async function processes(browser: Browser): Promise<number[]> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const of = (kind: string): number[] => processInfo.filter(({ type }) => type === kind).map(({ id }) => id);
  return [...of("browser"), ...of("renderer"), ...of("GPU")];
}

function firstLine(message: string): string {
  return message.split("\n")[0] ?? "";
}
