import { bestLevel, type Level } from "@gradus/wasm";
import type { Work } from "../case.ts";
import type { Ceiling } from "../report.ts";
import { arithmeticLoop, copyLoop } from "./loops.ts";
import { measureLoop } from "./measure-loop.ts";

/** Bytes read and written by the copies: in the first-level cache's neighbour, the last level, and memory. */
const copies = [1 << 18, 1 << 21, 1 << 23, 1 << 27];

/**
 * Measures what this host can do at most: arithmetic on registers at each level, and copies of several sizes, on each
 * thread count. With several threads each has its own registers, and copies its share of the bytes.
 */
export async function measureCeilings({
  threads,
  levels,
  effort,
  onProgress,
}: {
  readonly threads: readonly number[];
  readonly levels: readonly Level[];
  readonly effort: number;
  readonly onProgress: (line: string) => void;
}): Promise<Ceiling[]> {
  const time = { warmUp: 60 * effort, rounds: 8, round: 15 * effort };
  const ceilings: Ceiling[] = [];
  for (const count of threads) {
    for (const level of new Set([bestLevel(), ...levels])) {
      onProgress(`ceiling of ${level} arithmetic, ${count} threads`);
      const speed = (await measureLoop(arithmeticLoop(level), count, time)) / 1e9;
      ceilings.push({ kind: "arithmetic", level, threads: count, unit: "GFLOP/s", speed });
    }
    for (const bytes of copies) {
      onProgress(`ceiling of copying ${bytes} bytes, ${count} threads`);
      const share = Math.floor(bytes / count / 128) * 128;
      const speed = (await measureLoop(copyLoop(share), count, time)) / 1e9;
      ceilings.push({ kind: "copy", bytes, threads: count, unit: "GB/s", speed });
    }
  }
  return ceilings;
}

/**
 * The ceiling a speed at this work is set against: arithmetic at the level for work counted in operations; for work counted
 * in bytes the copy of at most as many, which is as fast or faster. Null where none was measured.
 */
export function ceilingOf(
  ceilings: readonly Ceiling[],
  work: Work,
  { threads, level }: { readonly threads: number; readonly level: Level },
): Ceiling | null {
  const mine = ceilings.filter((ceiling) => ceiling.threads === threads && ceiling.unit === work.unit);
  const arithmetic = mine.find((ceiling) => ceiling.kind === "arithmetic" && ceiling.level === level);
  if (arithmetic !== undefined) return arithmetic;
  const bytes = "bytes" in work && typeof work.bytes === "number" ? work.bytes : 0;
  const sizes = mine.filter((ceiling) => ceiling.kind === "copy").toSorted((a, b) => a.bytes - b.bytes);
  return sizes.findLast((ceiling) => ceiling.bytes <= bytes) ?? sizes[0] ?? null;
}
