import process from "node:process";

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Turns the first SIGINT or SIGTERM into an aborted signal, and lets the second end the process at once. */
export class Interrupts implements Disposable {
  readonly #controller = new AbortController();
  readonly #report: (line: string) => void;
  readonly #listeners = Object.entries(exitCodes).map(([name, code]) => ({ name, listen: () => this.#interrupt(code) }));
  #code: number | null = null;

  constructor(report: (line: string) => void) {
    this.#report = report;
    for (const { name, listen } of this.#listeners) process.on(name, listen);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code of the signal that came; null while none has. */
  get code(): number | null {
    return this.#code;
  }

  [Symbol.dispose](): void {
    for (const { name, listen } of this.#listeners) process.off(name, listen);
  }

  #interrupt(code: number): void {
    // Files are written beside their place and renamed, so leaving now leaves nothing half-written.
    if (this.#code !== null) process.exit(code);
    this.#code = code;
    this.#report("stopping after this step; once more to stop at once");
    this.#controller.abort();
  }
}
