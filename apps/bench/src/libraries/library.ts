import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { NamedArray, PerfCase, Prepared } from "@gradus/conformance/perf";
import { readArrays, writeArrays } from "../arrays.ts";
import type { Answer, Request } from "../protocol.ts";
import { answering, sentence } from "./answering.ts";
import { PeakMemory } from "./peak-memory.ts";

/** One library, in a process or a page of its own. */
export interface Library {
  readonly version: string;
  /** Builds a case. Throws `Cannot` when the library has no way to do it. */
  prepare(benchCase: PerfCase, inputs: readonly NamedArray[]): Promise<Prepared> | Prepared;
}

/** Answers the harness for one library, from this process, until standard input ends. */
export async function serve(load: () => Promise<Library>): Promise<void> {
  let library: Library;
  try {
    library = await load();
  } catch (error) {
    send({ kind: "failed", why: sentence(error) });
    return;
  }
  const answer = answering(library, { readArrays, writeArrays, memory: new PeakMemory(), shortestTiming: 0 });
  send({ kind: "hello", version: library.version });
  for await (const line of createInterface({ input: process.stdin })) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the harness alone writes here, and writes requests
    send(await answer(JSON.parse(line) as Request));
  }
  process.exit(0);
}

function send(message: Answer): void {
  writeSync(3, `${JSON.stringify(message)}\n`);
}
