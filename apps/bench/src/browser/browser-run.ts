import type { Level } from "@gradus/wasm";
import { pinnedVersion } from "../../peers/load.ts";
import { type Contender, contenderName } from "../contenders.ts";
import type { Ceiling } from "../report.ts";
import { usualPatience } from "../running-library.ts";
import { ChromiumPage } from "./chromium-page.ts";
import { chromiumPath } from "./chromium-path.ts";
import { LibraryPage } from "./library-page.ts";
import { type PagePeerName, pagePeers } from "./page-peers.ts";
import { PageServer } from "./page-server.ts";

/** Who takes part in pages. */
export interface PageSelection {
  readonly threads: readonly number[];
  /** Instruction levels of Gradus; empty for the best the browser has. */
  readonly levels: readonly Level[];
  readonly peers: readonly PagePeerName[];
}

/** A browser to measure in, with the server of its pages. */
export class BrowserRun {
  /** The browser's name and version; null where none opens a page, as every contender's row then says. */
  readonly name: string | null;
  readonly #server: PageServer;
  readonly #chromium: string | null;
  readonly #host: ChromiumPage;

  private constructor(server: PageServer, executable: string | null, host: ChromiumPage, name: string | null) {
    this.#server = server;
    this.#chromium = executable;
    this.#host = host;
    this.name = name;
  }

  static async start(): Promise<BrowserRun> {
    const server = await PageServer.start();
    const executable = chromiumPath();
    const host = new ChromiumPage(executable, usualPatience);
    const missing = await host.open(server.pageUrl("host"));
    return new BrowserRun(server, executable, host, missing === null ? host.browserName : null);
  }

  /** The ceilings of the machine as pages see it, which runs them; none where there is no browser. The page is closed then. */
  async ceilings(wanted: {
    readonly threads: readonly number[];
    readonly levels: readonly Level[];
    readonly effort: number;
  }): Promise<readonly Ceiling[]> {
    const ceilings = await this.#host.call(async (given) => (await globalThis.gradusHost?.ceilings(given)) ?? [], wanted);
    await this.#host.close();
    return ceilings ?? [];
  }

  /** Gradus first, on each thread count and level, then each peer on each thread count it can use, each in a page of its own. */
  contenders({ threads, levels, peers }: PageSelection): Contender[] {
    const own = (levels.length === 0 ? [""] : levels).flatMap((level) =>
      threads.map((count) => this.#contender(level === "" ? "gradus" : `gradus ${level}`, count, "gradus", { level })),
    );
    const others = peers.flatMap((name) => {
      const { threads: many, pinned } = pagePeers[name];
      const version = pinned === null ? "" : pinnedVersion(pinned);
      return (many ? threads : [1]).map((count) => this.#contender(name, count, name, { version }));
    });
    return [...own, ...others];
  }

  async stop(): Promise<void> {
    await this.#host.close();
    this.#server.stop();
  }

  #contender(
    library: string,
    threads: number,
    page: string,
    { level = "", version = "" }: { level?: string; version?: string },
  ): Contender {
    return {
      name: contenderName(library, threads),
      library,
      threads,
      installed: page !== "gradus",
      launch: (patience) =>
        new LibraryPage({ name: page, settings: { threads, level, version }, server: this.#server, chromium: this.#chromium }, patience),
    };
  }
}
