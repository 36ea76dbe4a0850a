import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { Cannot, type Prepared } from "@gradus/conformance/perf";
import { type NamedArray, readArrays, writeArrays } from "../arrays.ts";
import type { BenchCase } from "../case.ts";
import type { Answer, Request } from "../protocol.ts";
import { PeakMemory } from "./peak-memory.ts";

/** One library, in a process of its own. */
export interface Library {
  readonly version: string;
  /** Builds a case. Throws `Cannot` when the library has no way to do it. */
  prepare(benchCase: BenchCase, inputs: readonly NamedArray[]): Promise<Prepared> | Prepared;
}

/** Answers the harness for one library until standard input ends. */
export async function serve(load: () => Promise<Library>): Promise<void> {
  let library: Library;
  try {
    library = await load();
  } catch (error) {
    answer({ kind: "failed", why: sentence(error) });
    return;
  }
  const memory = new PeakMemory();
  answer({ kind: "hello", version: library.version });
  let prepared: Prepared | null = null;
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      // The harness alone writes here, and writes requests.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON from the harness is a Request
      const request = JSON.parse(line) as Request;
      if (request.kind === "release") {
        const peakBytes = memory.bytes();
        await prepared?.release();
        prepared = null;
        answer({ kind: "released", peakBytes });
      } else if (request.kind === "prepare") {
        await prepared?.release();
        prepared = null;
        memory.begin();
        prepared = await library.prepare(request.benchCase, readArrays(request.inputs));
        const start = performance.now();
        await prepared.run();
        const firstMilliseconds = performance.now() - start;
        answer({ kind: "prepared", outputs: writeArrays(request.folder, "output", await prepared.outputs()), firstMilliseconds });
      } else if (prepared === null) {
        answer({ kind: "failed", why: "nothing is prepared" });
      } else {
        answer({ kind: "times", milliseconds: await time(prepared, request.milliseconds) });
      }
    } catch (error) {
      prepared = null;
      answer({ kind: error instanceof Cannot ? "cannot" : "failed", why: sentence(error) });
    }
  }
  process.exit(0);
}

async function time(prepared: Prepared, milliseconds: number): Promise<number[]> {
  const times: number[] = [];
  const start = performance.now();
  let before = start;
  do {
    const done = prepared.run();
    if (done instanceof Promise) await done;
    const now = performance.now();
    times.push(now - before);
    before = now;
  } while (before - start < milliseconds);
  return times;
}

function answer(message: Answer): void {
  writeSync(3, `${JSON.stringify(message)}\n`);
}

/** The first line of an error's message. */
function sentence(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
