/** One of the ways to train that the page compares. */
export interface Run {
  readonly name: string;
  readonly colour: string;
  readonly backend: "wasm" | "webgpu";
  readonly threads: number | null;
  /** Why it is not tried; null where it is. */
  readonly missing: string | null;
}

/** What this page can compare. */
export function runsHere(isolated: boolean, backends: readonly string[]): readonly Run[] {
  const runs: readonly Run[] = [
    { name: "wasm, threads", colour: "#8ecae6", backend: "wasm", threads: null, missing: isolated ? null : withoutIsolation },
    // Threads are asked for where there are none, as a program that knows nothing of headers does.
    { name: "wasm, one thread", colour: "#fb8500", backend: "wasm", threads: isolated ? 1 : null, missing: null },
    { name: "webgpu", colour: "#023047", backend: "webgpu", threads: null, missing: null },
  ];
  return runs.filter(({ backend }) => backends.includes(backend));
}

const withoutIsolation =
  "threads need a cross-origin isolated page: the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
