import type { Engine } from "@gradus/compile";
import { useRuntime } from "@gradus/tensor";
import { disagreement } from "../tolerance.ts";
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
    await callsWithin(prepared, milliseconds);
    const times = (await callsWithin(prepared, milliseconds)).sort((a, b) => a - b);
    return { outputs, milliseconds: times[Math.floor(times.length / 2)] ?? Number.NaN };
  } finally {
    await prepared?.release();
    useRuntime(before);
  }
}

async function callsWithin(prepared: Prepared, milliseconds: number): Promise<number[]> {
  const times: number[] = [];
  const start = performance.now();
  let before = start;
  do {
    await prepared.run();
    const now = performance.now();
    times.push(now - before);
    before = now;
  } while (before - start < milliseconds);
  return times;
}

/** The first output that lies further from another backend's than the case allows, in one sentence; null if none does. */
export function outputDisagreement({ tolerance }: PerfCase, got: readonly NamedArray[], want: readonly NamedArray[]): string | null {
  for (const [i, { name, data }] of want.entries()) {
    const reason = disagreement(got[i]?.data ?? [], data, { relative: tolerance, absolute: 0 });
    if (reason !== null) return `${name}: ${reason}`;
  }
  return null;
}
