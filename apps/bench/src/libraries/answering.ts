import { Cannot, type NamedArray, type Prepared, timeCalls } from "@gradus/conformance/perf";
import type { ArrayFile } from "../arrays.ts";
import type { Answer, Request } from "../protocol.ts";
import type { Library } from "./library.ts";

/** What a library's process or page offers it. */
export interface Surroundings {
  readArrays(files: readonly ArrayFile[]): Promise<NamedArray[]> | NamedArray[];
  writeArrays(folder: string, prefix: string, arrays: readonly NamedArray[]): Promise<ArrayFile[]> | ArrayFile[];
  readonly memory: {
    /** Forgets the peak so far. */
    begin(): void;
    /** The most memory held since, less what was held when the library had been loaded; null where unknown. */
    bytes(): number | null;
  };
  /** Milliseconds below which the clock is too coarse for a single call: calls are timed together until that long has passed. */
  readonly shortestTiming: number;
}

/** Answers the harness's requests with a library, one after the other; an error becomes an answer that says it. */
export function answering(library: Library, surroundings: Surroundings): (request: Request) => Promise<Answer> {
  const { memory, shortestTiming } = surroundings;
  let prepared: Prepared | null = null;
  const release = async (): Promise<void> => {
    await prepared?.release();
    prepared = null;
  };
  const answer = async (request: Request): Promise<Answer> => {
    switch (request.kind) {
      case "prepare": {
        await release();
        memory.begin();
        prepared = await library.prepare(request.benchCase, await surroundings.readArrays(request.inputs));
        const start = performance.now();
        await prepared.run();
        const firstMilliseconds = performance.now() - start;
        const outputs = await surroundings.writeArrays(request.folder, "output", await prepared.outputs());
        return { kind: "prepared", outputs, firstMilliseconds };
      }
      case "time":
        if (prepared === null) return { kind: "failed", why: "nothing is prepared" };
        return { kind: "times", milliseconds: await timeCalls(prepared, request.milliseconds, shortestTiming) };
      case "release": {
        const peakBytes = memory.bytes();
        await release();
        return { kind: "released", peakBytes };
      }
    }
  };
  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      prepared = null;
      return { kind: error instanceof Cannot ? "cannot" : "failed", why: sentence(error) };
    }
  };
}

/** Milliseconds of each call, or of the mean of some calls that took `shortest` together. */
/** The first line of an error's message. */
export function sentence(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
