// The page that tells what the browser is and can do, on the machine it runs on.
import type { Level } from "@gradus/wasm";
import { measureCeilings } from "../../ceilings/ceilings.ts";
import { measureLoopOn } from "../../ceilings/repeat-loop.ts";
import type { Ceiling } from "../../report.ts";

/** What the harness calls in this page. */
export interface HostHandle {
  ceilings(wanted: { readonly threads: readonly number[]; readonly levels: readonly Level[]; readonly effort: number }): Promise<Ceiling[]>;
}

declare global {
  /** Set by the host's page as it is loaded. */
  var gradusHost: HostHandle | undefined;
}

globalThis.gradusHost = {
  ceilings: async (wanted) => measureCeilings({ ...wanted, measureLoop, onProgress: () => {} }),
};

const measureLoop = measureLoopOn(async (start) => {
  const worker = new Worker("/pages/ceiling-thread/page.js", { type: "module" });
  try {
    return await new Promise<readonly number[]>((resolve, reject) => {
      worker.addEventListener("message", ({ data }: MessageEvent<readonly number[]>) => resolve(data));
      worker.addEventListener("error", ({ message }) => reject(new Error(`a worker that measures a ceiling fails: ${message}`)));
      worker.postMessage(start);
    });
  } finally {
    worker.terminate();
  }
});
