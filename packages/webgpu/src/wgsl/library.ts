import { type FunctionName, functions } from "./functions.ts";

/** The functions a module needs, each once, with those they call. */
export class Library {
  readonly #needed = new Set<FunctionName>();

  need(name: FunctionName): void {
    if (this.#needed.has(name)) return;
    this.#needed.add(name);
    for (const other of functions[name].needs) this.need(other);
  }

  /** Needs what another library needs. */
  include(other: Library): void {
    for (const name of other.#needed) this.#needed.add(name);
  }

  /** WGSL of all of them; order does not matter in a module. */
  get source(): string {
    return [...this.#needed].map((name) => `${functions[name].source}\n`).join("");
  }
}
