import { readFileSync, writeFileSync } from "node:fs";
import { resourceUsage } from "node:process";

/**
 * The most memory this process holds while a case runs, beyond what it held when its library had been loaded.
 *
 * Linux forgets the peak on request, so each case has its own; elsewhere it is the peak of the whole process so far. What a
 * library keeps from the cases before counts in both.
 */
export class PeakMemory {
  readonly #loaded = resident() ?? 0;

  /** Forgets the peak so far. */
  begin(): void {
    try {
      writeFileSync("/proc/self/clear_refs", "5");
    } catch {
      // Another system, or one that does not allow it: the peak stays the whole process's.
    }
  }

  bytes(): number {
    return Math.max(0, (statusBytes("VmHWM") ?? resourceUsage().maxRSS * 1024) - this.#loaded);
  }
}

function resident(): number | null {
  return statusBytes("VmRSS") ?? process.memoryUsage.rss();
}

/** A size Linux tells of this process, in bytes. */
function statusBytes(name: "VmHWM" | "VmRSS"): number | null {
  try {
    const found = new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "utf8"));
    return found?.[1] === undefined ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}
