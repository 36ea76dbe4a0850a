import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { difference, drawInputs, type PerfCase } from "@gradus/conformance/perf";
import { type NamedArray, readArrays, writeArrays } from "./arrays.ts";
import type { Contender } from "./contenders.ts";
import { MachineLoad } from "./machine-load.ts";
import type { CaseReport, Result } from "./report.ts";
import { type RunningLibrary, usualPatience } from "./running-library.ts";
import { statistics } from "./statistics.ts";

export interface Effort {
  /** How often every contender gets its turn. */
  readonly rounds: number;
  /** How long a turn is at least, in milliseconds. */
  readonly turn: number;
  /** How long each contender runs before it is timed, in milliseconds. */
  readonly warmUp: number;
}

export interface Measuring {
  readonly cases: readonly PerfCase[];
  readonly contenders: readonly Contender[];
  readonly effort: Effort;
  /** Why the contenders that are installed on demand are not there; null, as usual, where they are. */
  readonly notInstalled?: string | null;
  /** Called as each case ends. */
  readonly onCase: (report: CaseReport) => void;
  readonly onProgress: (line: string) => void;
  /** How long a contender may take over one request, in milliseconds, before it counts as stuck. */
  readonly patience?: number;
}

/** A call longer than this, in milliseconds, is not warmed up and is timed in the first round alone. */
const slow = 1000;
/** A first call longer than this, in milliseconds, is all that is timed: what such a contender takes is known well enough. */
const hopeless = 5000;
/** Milliseconds between turns, in which the threads of the one before stop spinning and sleep. */
const pause = 20;

/**
 * Measures every case with every contender, each in its own process or page. Outputs are compared with those of the first
 * contender before anything is timed; then turns interleave (A B C A B C ...), so that what the machine does besides
 * strikes all alike. A contender that fails, hangs or dies is a row that says so; where its process ended, a new one is
 * started for the next case.
 */
export async function measure({
  cases,
  contenders,
  effort,
  onCase,
  onProgress,
  notInstalled = null,
  patience = usualPatience,
}: Measuring): Promise<{ cases: CaseReport[]; versions: Record<string, string> }> {
  const folder = mkdtempSync(join(tmpdir(), "gradus-bench-"));
  const entrants = contenders.map((contender) => new Entrant(contender, patience));
  try {
    for (const entrant of entrants) {
      onProgress(`starting ${entrant.contender.name}`);
      if (entrant.contender.installed && notInstalled !== null) entrant.missing = notInstalled;
      else await entrant.start();
    }
    const reports: CaseReport[] = [];
    const remaining = timeLeft(cases.length);
    for (const [i, benchCase] of cases.entries()) {
      const where = `case ${i + 1} of ${cases.length}${remaining(i)}, ${benchCase.name}`;
      const report = await measureCase(benchCase, entrants, effort, folder, (doing) => onProgress(`${where}: ${doing}`));
      reports.push(report);
      onCase(report);
    }
    const versions = entrants.flatMap(({ contender, version }) => (version === null ? [] : [[contender.library, version] as const]));
    return { cases: reports, versions: Object.fromEntries(versions) };
  } finally {
    await Promise.all(entrants.map(async ({ running }) => running.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A contender and the process or page it has now. */
class Entrant {
  readonly contender: Contender;
  running: RunningLibrary;
  version: string | null = null;
  /** Why it could not be started. */
  missing: string | null = null;
  readonly #patience: number;

  constructor(contender: Contender, patience: number) {
    this.contender = contender;
    this.#patience = patience;
    this.running = contender.launch(patience);
  }

  async start(): Promise<void> {
    this.missing = await this.running.start();
    this.version ??= this.running.version;
  }

  /** A new one where the one it had has ended in the middle of a case; one that never started is left alone. */
  async revive(): Promise<void> {
    if (this.missing !== null || this.running.ended === null) return;
    await this.running.stop();
    this.running = this.contender.launch(this.#patience);
    await this.start();
  }
}

interface Ready {
  readonly entrant: Entrant;
  readonly firstMilliseconds: number;
  readonly times: number[];
  peakBytes: number | null;
}

async function measureCase(
  benchCase: PerfCase,
  entrants: readonly Entrant[],
  effort: Effort,
  folder: string,
  onProgress: (line: string) => void,
): Promise<CaseReport> {
  const inputs = writeArrays(folder, "input", drawInputs(benchCase));
  const ready: Ready[] = [];
  const refused = new Map<Entrant, { kind: "cannot" | "wrong" | "failed"; why: string }>();
  let ours: readonly NamedArray[] | null = null;
  for (const entrant of entrants) {
    onProgress(`checking ${entrant.contender.name}`);
    await entrant.revive();
    if (entrant.missing !== null) {
      refused.set(entrant, { kind: "cannot", why: entrant.missing });
      continue;
    }
    const answer = await entrant.running.ask<"prepare">({ kind: "prepare", benchCase, inputs, folder });
    if (answer.kind !== "prepared") {
      refused.set(entrant, answer);
      continue;
    }
    const outputs = attempt(() => readArrays(answer.outputs));
    if (outputs instanceof Error) {
      refused.set(entrant, { kind: "failed", why: `its outputs cannot be read: ${outputs.message}` });
      continue;
    }
    ours ??= outputs;
    const why = difference(ours, outputs, benchCase.tolerance);
    const { firstMilliseconds } = answer;
    if (why === null) ready.push({ entrant, firstMilliseconds, times: [], peakBytes: null });
    else refused.set(entrant, { kind: "wrong", why });
  }

  onProgress("warming up");
  const load = new MachineLoad();
  const pids = (): number[] => entrants.flatMap(({ running }) => running.pids);
  for (const one of ready) if (one.firstMilliseconds < slow) await turn(one, effort.warmUp, refused);
  for (const { times, firstMilliseconds } of ready)
    times.splice(0, times.length, ...(firstMilliseconds > hopeless ? [firstMilliseconds] : []));
  load.begin(pids());
  for (let round = 0; round < effort.rounds; round++) {
    onProgress(`round ${round + 1} of ${effort.rounds}`);
    for (const one of ready) if ((one.times[0] ?? 0) < slow) await turn(one, effort.turn, refused);
  }

  const othersShare = load.othersShare(pids());
  for (const one of ready) {
    const answer = await one.entrant.running.ask<"release">({ kind: "release" });
    if (answer.kind === "released") one.peakBytes = answer.peakBytes;
  }
  const results = entrants.map((entrant): Result => {
    const { name, library, threads } = entrant.contender;
    const refusal = refused.get(entrant);
    const measured = ready.find((one) => one.entrant === entrant);
    if (refusal !== undefined || measured === undefined)
      return { contender: name, library, threads, ...(refusal ?? { kind: "failed", why: "it was not measured" }) };
    return {
      contender: name,
      library,
      threads,
      kind: "measured",
      times: statistics(measured.times),
      firstMilliseconds: measured.firstMilliseconds,
      peakBytes: measured.peakBytes,
    };
  });
  return { name: benchCase.name, work: benchCase.work, results, othersShare };
}

async function turn(
  { entrant, times }: Ready,
  milliseconds: number,
  refused: Map<Entrant, { kind: "cannot" | "wrong" | "failed"; why: string }>,
): Promise<void> {
  if (refused.has(entrant)) return;
  await new Promise((resolve) => setTimeout(resolve, pause));
  const answer = await entrant.running.ask<"time">({ kind: "time", milliseconds });
  if (answer.kind === "times") times.push(...answer.milliseconds);
  else refused.set(entrant, answer);
}

/** Says how long the cases after `done` of them will take, going by those that are done: nothing before the first. */
function timeLeft(count: number): (done: number) => string {
  const start = performance.now();
  return (done) => {
    if (done === 0) return "";
    const seconds = (((performance.now() - start) / done) * (count - done)) / 1e3;
    return `, about ${seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`} left`;
  };
}

function attempt<T>(f: () => T): T | Error {
  try {
    return f();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
