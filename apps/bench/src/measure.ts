import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawInputs } from "@gradus/conformance/perf";
import { type NamedArray, readArrays, writeArrays } from "./arrays.ts";
import type { BenchCase } from "./case.ts";
import { difference } from "./compare.ts";
import type { Contender } from "./contenders.ts";
import { LibraryProcess } from "./library-process.ts";
import type { CaseReport, Result } from "./report.ts";
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
  readonly cases: readonly BenchCase[];
  readonly contenders: readonly Contender[];
  readonly effort: Effort;
  /** Called as each case ends. */
  readonly onCase: (report: CaseReport) => void;
  readonly onProgress: (line: string) => void;
}

/** A call longer than this, in milliseconds, is not warmed up and is timed in the first round alone. */
const slow = 1000;
/** Milliseconds between turns, in which the threads of the one before stop spinning and sleep. */
const pause = 20;

/**
 * Measures every case with every contender, each in its own process. Outputs are compared with those of the first
 * contender before anything is timed; then turns interleave (A B C A B C ...), so that what the machine does besides
 * strikes all alike.
 */
export async function measure({
  cases,
  contenders,
  effort,
  onCase,
  onProgress,
}: Measuring): Promise<{ cases: CaseReport[]; versions: Record<string, string> }> {
  const folder = mkdtempSync(join(tmpdir(), "gradus-bench-"));
  const entrants: Entrant[] = contenders.map((contender) => ({ contender, process: new LibraryProcess(contender.command), missing: null }));
  try {
    for (const entrant of entrants) {
      onProgress(`starting ${entrant.contender.name}`);
      entrant.missing = await entrant.process.start();
    }
    const reports: CaseReport[] = [];
    for (const benchCase of cases) {
      const report = await measureCase(benchCase, entrants, effort, folder, onProgress);
      reports.push(report);
      onCase(report);
    }
    const versions = entrants.flatMap(({ contender, process }) =>
      process.version === null ? [] : [[contender.library, process.version] as const],
    );
    return { cases: reports, versions: Object.fromEntries(versions) };
  } finally {
    for (const { process } of entrants) process.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Entrant {
  readonly contender: Contender;
  readonly process: LibraryProcess;
  /** Why it could not be started. */
  missing: string | null;
}

interface Ready {
  readonly entrant: Entrant;
  readonly firstMilliseconds: number;
  readonly times: number[];
}

async function measureCase(
  benchCase: BenchCase,
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
    onProgress(`${benchCase.name}: checking ${entrant.contender.name}`);
    if (entrant.missing !== null) {
      refused.set(entrant, { kind: "cannot", why: entrant.missing });
      continue;
    }
    const answer = await entrant.process.ask<"prepare">({ kind: "prepare", benchCase, inputs, folder });
    if (answer.kind !== "prepared") {
      refused.set(entrant, answer);
      continue;
    }
    const outputs = readArrays(answer.outputs);
    ours ??= outputs;
    const why = difference(ours, outputs, benchCase.tolerance);
    if (why === null) ready.push({ entrant, firstMilliseconds: answer.firstMilliseconds, times: [] });
    else refused.set(entrant, { kind: "wrong", why });
  }

  onProgress(`${benchCase.name}: warming up`);
  for (const one of ready) if (one.firstMilliseconds < slow) await turn(one, effort.warmUp, refused);
  for (const one of ready) one.times.length = 0;
  for (let round = 0; round < effort.rounds; round++) {
    onProgress(`${benchCase.name}: round ${round + 1} of ${effort.rounds}`);
    for (const one of ready) if (round === 0 || (one.times[0] ?? 0) < slow) await turn(one, effort.turn, refused);
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
    };
  });
  for (const { entrant } of ready) await entrant.process.ask<"release">({ kind: "release" });
  return { name: benchCase.name, work: benchCase.work, results };
}

async function turn(
  { entrant, times }: Ready,
  milliseconds: number,
  refused: Map<Entrant, { kind: "cannot" | "wrong" | "failed"; why: string }>,
): Promise<void> {
  if (refused.has(entrant)) return;
  await new Promise((resolve) => setTimeout(resolve, pause));
  const answer = await entrant.process.ask<"time">({ kind: "time", milliseconds });
  if (answer.kind === "times") times.push(...answer.milliseconds);
  else refused.set(entrant, answer);
}
