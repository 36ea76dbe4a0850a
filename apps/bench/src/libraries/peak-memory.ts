import { readFileSync, writeFileSync } from "node:fs";
import { resourceUsage } from "node:process";

/**
 * The most memory that processes, this one unless others are given, hold while a case runs, beyond what they held when a
 * library had been loaded into them: the sum of their peaks.
 *
 * Linux forgets the peak on request, so each case has its own; elsewhere it is the peak of the whole process so far, and that of
 * other processes is not known. What a library keeps from the cases before counts in both.
 */
export class PeakMemory {
  readonly #pids: readonly number[];
  readonly #loaded: number;

  constructor(pids: readonly number[] = [process.pid]) {
    this.#pids = pids;
    this.#loaded = sum(pids.map(resident)) ?? 0;
  }

  /** Forgets the peak so far. */
  begin(): void {
    for (const pid of this.#pids) {
      try {
        writeFileSync(`/proc/${pid}/clear_refs`, "5");
      } catch {
        // Another system, or one that does not allow it: the peak stays that of the process so far.
      }
    }
  }

  bytes(): number | null {
    const peak = sum(this.#pids.map(peakOf));
    return peak === null ? null : Math.max(0, peak - this.#loaded);
  }
}

function resident(pid: number): number | null {
  return statusBytes(pid, "VmRSS") ?? (pid === process.pid ? process.memoryUsage.rss() : null);
}

function peakOf(pid: number): number | null {
  return statusBytes(pid, "VmHWM") ?? (pid === process.pid ? resourceUsage().maxRSS * 1024 : null);
}

/** Null when one of them is unknown, or there are none. */
function sum(sizes: readonly (number | null)[]): number | null {
  return sizes.length === 0 ? null : sizes.reduce((all, size) => (all === null || size === null ? null : all + size), 0);
}

/** A size Linux tells of a process, in bytes. */
function statusBytes(pid: number, name: "VmHWM" | "VmRSS"): number | null {
  try {
    const found = new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found?.[1] === undefined ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}
