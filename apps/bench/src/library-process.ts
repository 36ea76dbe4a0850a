import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Answer, Request } from "./protocol.ts";
import { type AnswerTo, type RunningLibrary, usualPatience } from "./running-library.ts";

/** How a library's process is started. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One library in a process of its own: a program that takes requests on its standard input and answers on file descriptor 3. */
export class LibraryProcess implements RunningLibrary {
  version: string | null = null;
  readonly #command: Command;
  readonly #patience: number;
  #child: ChildProcess | null = null;
  #waiting: ((answer: Answer) => void) | null = null;
  #ended: string | null = null;

  constructor(command: Command, patience = usualPatience) {
    this.#command = command;
    this.#patience = patience;
  }

  get pids(): readonly number[] {
    const pid = this.#child?.pid;
    return pid === undefined ? [] : [pid];
  }

  get ended(): string | null {
    return this.#ended;
  }

  async start(): Promise<string | null> {
    const { file, args, env } = this.#command;
    const child = spawn(file, args, { stdio: ["pipe", "ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    this.#child = child;
    let errors = "";
    child.stderr?.on("data", (text: Buffer) => (errors = (errors + text.toString()).slice(-4000)));
    const end = (why: string): void => {
      this.#ended ??= why;
      this.#settle({ kind: "failed", why: this.#ended });
    };
    child.on("error", (error) => end(error.message));
    child.on("exit", (code, signal) => end(`its process ended (${signal ?? code ?? "no code"})${lastLine(errors)}`));
    child.stdin?.on("error", () => {});
    const answers = child.stdio[3];
    if (answers === null || answers === undefined || !("read" in answers)) return "its process has no channel to answer on";
    const hello = this.#answer(child);
    createInterface({ input: answers }).on("line", (line) => {
      try {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the process was started by us and writes answers only
        this.#settle(JSON.parse(line) as Answer);
      } catch {
        end("it answered something that is not JSON");
        child.kill("SIGKILL");
      }
    });
    const answer = await hello;
    if (answer.kind === "hello") this.version = answer.version;
    return answer.kind === "hello" ? null : "why" in answer ? answer.why : "its first words were not hello";
  }

  async ask<K extends Request["kind"]>(request: Extract<Request, { kind: K }>): Promise<AnswerTo<K>> {
    const child = this.#child;
    const failed = (why: string): Extract<Answer, { kind: "failed" }> => ({ kind: "failed", why });
    if (child === null || this.#ended !== null) return failed(this.#ended ?? "it was not started");
    const reply = this.#answer(child);
    child.stdin?.write(`${JSON.stringify(request)}\n`);
    const answer = await reply;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a process answers a request with its own kind of answer
    return answer as AnswerTo<K>;
  }

  async stop(): Promise<void> {
    // It may be in the middle of a computation, where it hears no other signal.
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }

  async #answer(child: ChildProcess): Promise<Answer> {
    const stuck = setTimeout(() => {
      this.#ended ??= `no answer within ${this.#patience / 1000} s`;
      child.kill("SIGKILL");
    }, this.#patience);
    try {
      return await new Promise<Answer>((resolve) => (this.#waiting = resolve));
    } finally {
      clearTimeout(stuck);
    }
  }

  #settle(answer: Answer): void {
    this.#waiting?.(answer);
    this.#waiting = null;
  }
}

function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line === "" ? "" : `: ${line}`;
}
