import { BackendError, type LibraryOps } from "@gradus/tensor";
import type { Plan, Step } from "./plan.ts";

/** A module of kernels that many programs do without: it is loaded when a plan first has one of its ops. */
export class Deferred<Module> {
  readonly #import: () => Promise<Module>;
  #module: Module | null = null;

  constructor(load: () => Promise<Module>) {
    this.#import = load;
  }

  get loaded(): boolean {
    return this.#module !== null;
  }

  /** What it exports, once it is loaded. */
  get module(): Module {
    if (this.#module === null) throw new RangeError("kernels are asked for before they were loaded");
    return this.#module;
  }

  /** @throws BackendError if it cannot be had; the next plan tries again. */
  async load(): Promise<void> {
    try {
      this.#module ??= await this.#import();
    } catch (cause) {
      throw new BackendError("backend/kernels-not-loaded", "the module with the kernels of a plan could not be loaded", {
        hint: "see that the page may fetch every file of its bundle, then run it again",
        cause,
      });
    }
  }
}

/** The ops whose kernels are in modules of their own, and whether what tells routines is in one. */
export type DeferredKernels = { readonly [K in keyof LibraryOps | "routine"]?: Deferred<unknown> };

/** Loads what a plan needs and is not there yet; null if that is nothing. */
export function loadKernels({ steps }: Plan, deferred: DeferredKernels): Promise<void> | null {
  const missing = new Set<Deferred<unknown>>();
  const look = (step: Step): void => {
    if (step.kind === "scan") return step.body.steps.forEach(look);
    const kernels = step.kind === "loop" ? undefined : deferred[step.kind === "library" ? step.op : step.kind];
    if (kernels !== undefined && !kernels.loaded) missing.add(kernels);
  };
  steps.forEach(look);
  return missing.size === 0 ? null : Promise.all(Array.from(missing, (kernels) => kernels.load())).then(() => undefined);
}
