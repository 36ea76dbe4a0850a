import type { Engine } from "@gradus/compile";
import { useRuntime } from "@gradus/tensor";
import { drawInputs } from "./draw-inputs.ts";
import type { NamedArray, PerfCase, Prepared } from "./perf-case.ts";
import { prepareCase } from "./prepare-case.ts";

/** A case's outputs on one engine, and the median time of a call in milliseconds. */
export interface TimedCase {
  readonly outputs: readonly NamedArray[];
  readonly milliseconds: number;
}

/** Runs a case on an engine, and times calls for `milliseconds` after as long a warm-up; with 0 it times none. */
export async function timeCase(engine: Engine, one: PerfCase, milliseconds: number): Promise<TimedCase> {
  const before = useRuntime(engine);
  let prepared: Prepared | null = null;
  try {
    prepared = prepareCase(one, drawInputs(one));
    await prepared.run();
    const outputs = await prepared.outputs();
    if (milliseconds === 0) return { outputs, milliseconds: Number.NaN };
    await timeCalls(prepared, milliseconds);
    const times = (await timeCalls(prepared, milliseconds)).sort((a, b) => a - b);
    return { outputs, milliseconds: times[Math.floor(times.length / 2)] ?? Number.NaN };
  } finally {
    await prepared?.release();
    useRuntime(before);
  }
}

/**
 * Milliseconds of each call, as many as fit into `milliseconds`, at least one. Calls that take less than `shortest` are timed
 * together, for clocks that tick too slowly for one.
 */
export async function timeCalls(prepared: Prepared, milliseconds: number, shortest = 0): Promise<number[]> {
  const times: number[] = [];
  const start = performance.now();
  let before = start;
  let calls = 0;
  do {
    const done = prepared.run();
    if (done instanceof Promise) await done;
    calls++;
    const now = performance.now();
    if (now - before < shortest) continue;
    times.push((now - before) / calls);
    before = now;
    calls = 0;
  } while (calls > 0 || before - start < milliseconds);
  return times;
}
