import { basename } from "node:path";
import { PeakMemory } from "../libraries/peak-memory.ts";
import type { Answer, Request } from "../protocol.ts";
import type { AnswerTo, RunningLibrary } from "../running-library.ts";
import { ChromiumPage } from "./chromium-page.ts";
import type { PageServer } from "./page-server.ts";
import type { PageSettings } from "./pages/serve-page.ts";

/** How a library's page is opened. */
export interface PageCommand {
  /** Its file in `pages`. */
  readonly name: string;
  readonly settings: PageSettings;
  readonly server: PageServer;
  /** Null where there is none. */
  readonly chromium: string | null;
}

/** One library in a page of a Chromium of its own, so that a library that hangs, or loses its graphics device, takes no other along. */
export class LibraryPage implements RunningLibrary {
  version: string | null = null;
  readonly #command: PageCommand;
  readonly #page: ChromiumPage;
  #memory: PeakMemory | null = null;

  constructor(command: PageCommand, patience: number) {
    this.#command = command;
    this.#page = new ChromiumPage(command.chromium, patience);
  }

  get ended(): string | null {
    return this.#page.ended;
  }

  get pids(): readonly number[] {
    return this.#page.pids;
  }

  async start(): Promise<string | null> {
    const { name, settings, server } = this.#command;
    const missing = await this.#page.open(server.pageUrl(name));
    if (missing !== null) return missing;
    const answer = await this.#page.call(
      async (given): Promise<Answer | null> => (await globalThis.gradusPage?.load(given)) ?? null,
      settings,
    );
    if (answer === null) return `its page does not start${this.#page.lastError}`;
    if (answer.kind === "hello") {
      this.version = answer.version;
      this.#memory = new PeakMemory(this.pids);
    }
    return answer.kind === "hello" ? null : "why" in answer ? answer.why : "its first words were not hello";
  }

  async ask<K extends Request["kind"]>(request: Extract<Request, { kind: K }>): Promise<AnswerTo<K>> {
    const answer = await this.#ask(request);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a page answers a request with its own kind of answer
    return answer as AnswerTo<K>;
  }

  async stop(): Promise<void> {
    await this.#page.close();
  }

  /** Asks the page, for which files are paths on its server. */
  async #ask(request: Request): Promise<Answer> {
    if (request.kind === "release") {
      // A page knows nothing of its processes.
      const peakBytes = this.#memory?.bytes() ?? null;
      const answer = await this.#answer(request);
      return answer.kind === "released" ? { kind: "released", peakBytes } : answer;
    }
    if (request.kind === "time") return this.#answer(request);
    this.#memory?.begin();
    const shared = this.#command.server.share(request.folder);
    const inputs = request.inputs.map((file) => ({ ...file, path: `${shared}/${basename(file.path)}` }));
    const answer = await this.#answer({ ...request, inputs, folder: shared });
    if (answer.kind !== "prepared") return answer;
    return { ...answer, outputs: answer.outputs.map((file) => ({ ...file, path: `${request.folder}/${basename(file.path)}` })) };
  }

  async #answer(request: Request): Promise<Answer> {
    const answer = await this.#page.call(
      async (given): Promise<Answer | null> => (await globalThis.gradusPage?.answer(given)) ?? null,
      request,
    );
    return answer ?? { kind: "failed", why: this.#page.ended ?? "its page is gone" };
  }
}
