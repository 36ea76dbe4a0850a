import { type Extension, type FunctionName, functions } from "./functions.ts";

/** The functions a module needs, each once, with those they call, and the extensions of WGSL that it is written in. */
export class Library {
  readonly #needed = new Set<FunctionName>();
  readonly #extensions = new Set<Extension>();

  need(name: FunctionName): void {
    if (this.#needed.has(name)) return;
    this.#needed.add(name);
    for (const other of functions[name].needs) this.need(other);
  }

  enable(extension: Extension): void {
    this.#extensions.add(extension);
  }

  /** Needs what another library needs. */
  include(other: Library): void {
    for (const name of other.#needed) this.#needed.add(name);
    for (const extension of other.#extensions) this.#extensions.add(extension);
  }

  get extensions(): ReadonlySet<Extension> {
    return this.#extensions;
  }

  /** WGSL of all of them; order does not matter in a module. */
  get source(): string {
    return [...this.#needed].map((name) => `${functions[name].source}\n`).join("");
  }
}
