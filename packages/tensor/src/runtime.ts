import { BackendError } from "./errors.ts";
import type { KeptTensor } from "./kept.ts";
import type { Tensor } from "./tensor.ts";

/** What runs graphs: a compiler and a backend. Installed once, by whoever chooses the backend. */
export interface Runtime {
  readonly name: string;
  /** Computes the tensors' values into `host`, and carries out every pending state update with them. */
  evaluate(tensors: readonly Tensor[]): Promise<void>;
  /**
   * Opens the device again after it was lost; absent where it cannot be lost. What was on it is gone: state has to be set from
   * the host's copies.
   */
  readonly recover?: (() => Promise<void>) | undefined;
  /** Computes the tensors into buffers that stay on the device until freed. */
  keep(tensors: readonly Tensor[]): Promise<readonly KeptTensor[]>;
}

let installed: Runtime | null = null;

/** Makes `runtime` the one that `data()` and `item()` use; returns the one before. */
export function useRuntime(runtime: Runtime | null): Runtime | null {
  const before = installed;
  installed = runtime;
  return before;
}

export function currentRuntime(): Runtime {
  if (installed === null) {
    throw new BackendError("backend/none", "no backend is installed, so nothing can be computed", {
      hint: 'import "gradus", which installs the WebAssembly backend, or call useRuntime yourself',
    });
  }
  return installed;
}
