import { bestLevel, type Level } from "@gradus/wasm";
import { speed, type Work } from "@gradus/conformance/perf";
import { type Ceiling, isOwn, type Measured, type Result } from "../report.ts";
import { arithmeticLoop, copyLoop } from "./loops.ts";
import type { MeasureLoop } from "./repeat-loop.ts";

/** Bytes that the copies read and write: from what a second-level cache holds to what no cache does. */
const copies = [1 << 18, 1 << 21, 1 << 23, 1 << 27];

/**
 * Measures what this host can do at most: arithmetic on registers at each level, and copies of several sizes, on each
 * thread count. With several threads each has its own registers, and copies its share of the bytes. `measureLoop` starts
 * the threads, as a process or a page can.
 */
export async function measureCeilings({
  threads,
  levels,
  effort,
  measureLoop,
  onProgress,
}: {
  readonly threads: readonly number[];
  readonly levels: readonly Level[];
  readonly effort: number;
  readonly measureLoop: MeasureLoop;
  readonly onProgress: (line: string) => void;
}): Promise<Ceiling[]> {
  const time = { warmUp: 40 * effort, rounds: 5, round: 12 * effort };
  const ceilings = new Map<string, Ceiling>();
  const keep = (key: string, ceiling: Ceiling): void => {
    if (ceiling.speed > (ceilings.get(key)?.speed ?? 0)) ceilings.set(key, ceiling);
  };
  // Twice, and the better counts: what disturbs the one is seldom there at the other.
  for (let pass = 0; pass < 2; pass++)
    for (const count of threads) {
      for (const level of new Set([bestLevel(), ...levels])) {
        onProgress(`ceiling of ${level} arithmetic, ${count} threads`);
        const speed = (await measureLoop(arithmeticLoop(level), count, time)) / 1e9;
        keep(`${count} ${level}`, { kind: "arithmetic", level, threads: count, unit: "GFLOP/s", speed });
      }
      for (const bytes of copies) {
        onProgress(`ceiling of copying ${bytes} bytes, ${count} threads`);
        const share = Math.floor(bytes / count / 128) * 128;
        const speed = (await measureLoop(copyLoop(share), count, time)) / 1e9;
        keep(`${count} ${bytes}`, { kind: "copy", bytes, threads: count, unit: "GB/s", speed });
      }
    }
  return [...ceilings.values()];
}

/**
 * The ceiling a contender's speed at this work is set against, on as many threads. Work counted in operations: arithmetic, at
 * the level Gradus was held to (`gradus simd`), else at the host's fastest. Work counted in bytes: the copy of at most as
 * many bytes, which is as fast as a copy of just as many or faster. Null where none was measured.
 */
export function ceilingOf(ceilings: readonly Ceiling[], work: Work, contender: Pick<Result, "library" | "threads">): Ceiling | null {
  const mine = ceilings.filter(({ threads, unit }) => threads === contender.threads && unit === work.unit);
  const arithmetic = mine.filter((ceiling) => ceiling.kind === "arithmetic").toSorted((a, b) => b.speed - a.speed);
  const held = isOwn(contender) ? arithmetic.find(({ level }) => level === contender.library.split(" ")[1]) : undefined;
  const bytes = work.unit === "GB/s" ? work.bytes : 0;
  const copies = mine.filter((ceiling) => ceiling.kind === "copy").toSorted((a, b) => a.bytes - b.bytes);
  return held ?? arithmetic[0] ?? copies.findLast((ceiling) => ceiling.bytes <= bytes) ?? copies[0] ?? null;
}

/** A measured contender's median speed as a share of its ceiling; null where there is none. */
export function shareOfCeiling(ceilings: readonly Ceiling[], work: Work, result: Measured): number | null {
  const ceiling = ceilingOf(ceilings, work, result);
  return ceiling === null ? null : speed(work, result.times.median) / ceiling.speed;
}
