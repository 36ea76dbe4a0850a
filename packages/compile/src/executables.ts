import type { Executable, Plan } from "./plan.ts";
import { type Program, ProgramCache } from "./program.ts";

/** A program's plan, and its executable when the backend has made it. */
export interface Prepared {
  readonly plan: Plan;
  executable: Executable | Promise<Executable>;
}

/** Plans and prepares a program. */
export type Prepare = (program: Program) => Prepared;

interface Kept extends Prepared {
  used: number;
}

/** Executables kept at most; beyond it the least recently used ones give their memory back. */
const cacheLimit = 512;

/** Executables by program, made when they are first asked for. */
export class Executables {
  readonly #prepare: Prepare;
  readonly #cache = new ProgramCache<Kept>();
  #clock = 0;
  #held = 0;

  constructor(prepare: Prepare) {
    this.#prepare = prepare;
  }

  get count(): number {
    return this.#held;
  }

  /** The plan and executable of a program, from the cache or made now. */
  get(program: Program): Prepared {
    const known = this.#cache.get(program.key);
    if (known !== undefined) {
      known.used = ++this.#clock;
      return known;
    }
    const prepared: Kept = { ...this.#prepare(program), used: ++this.#clock };
    this.#makeRoom();
    this.#cache.set(program.key, prepared);
    this.#held++;
    if (prepared.executable instanceof Promise) {
      prepared.executable.then(
        (executable) => (prepared.executable = executable),
        () => this.#forget(prepared),
      );
    }
    return prepared;
  }

  /** The plan of a program, if it is held. */
  planOf({ key }: Program): Plan | undefined {
    return this.#cache.get(key)?.plan;
  }

  /** Gives all of them back. */
  clear(): void {
    for (const prepared of this.#cache.values()) free(prepared);
    this.#cache.clear();
    this.#held = 0;
  }

  #makeRoom(): void {
    if (this.#held < cacheLimit) return;
    const oldest = [...this.#cache.values()].sort((a, b) => a.used - b.used).slice(0, cacheLimit / 4);
    for (const prepared of oldest) {
      free(prepared);
      this.#forget(prepared);
    }
  }

  #forget(prepared: Kept): void {
    if (this.#cache.delete(prepared)) this.#held--;
  }
}

function free({ executable }: Prepared): void {
  if (!(executable instanceof Promise)) executable.free();
  // What was never made has nothing to give back.
  else
    executable.then(
      (made) => made.free(),
      () => undefined,
    );
}
