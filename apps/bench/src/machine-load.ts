import { readFileSync } from "node:fs";

/** What the machine's processors did until now, in ticks of a hundredth of a second. */
interface Ticks {
  readonly all: number;
  readonly busy: number;
}

/** Tells what share of the processors' time others took meanwhile: other programs, and other machines on the same hardware. */
export class MachineLoad {
  #before = new Map<number, number>();
  #start: Ticks | null = null;

  /** Starts anew; `pids` are the processes of the libraries. */
  begin(pids: readonly number[]): void {
    this.#before = ownTicks(pids);
    this.#start = machineTicks();
  }

  /** A share from 0 to 1 since `begin`; null where the system does not tell, or too little time passed to say. */
  othersShare(pids: readonly number[]): number | null {
    const now = ownTicks(pids);
    const end = machineTicks();
    if (this.#start === null || end === null) return null;
    const all = end.all - this.#start.all;
    if (all < leastTicks) return null;
    // A process that was started or ended meanwhile counts for as much as is known of it.
    const own = [...now].reduce((sum, [pid, ticks]) => sum + ticks - (this.#before.get(pid) ?? 0), 0);
    return Math.min(1, Math.max(0, (end.busy - this.#start.busy - own) / all));
  }
}

/** Fewer of these hundredths of a second say nothing. */
const leastTicks = 50;

/** The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
function machineTicks(): Ticks | null {
  const line = read("/proc/stat")?.split("\n")[0] ?? "";
  const fields = line.split(/\s+/).slice(1, 9).map(Number);
  if (fields.length < 8 || fields.some(Number.isNaN)) return null;
  const all = fields.reduce((sum, ticks) => sum + ticks, 0);
  const [, , , idle = 0, waiting = 0] = fields;
  return { all, busy: all - idle - waiting };
}

function ownTicks(pids: readonly number[]): Map<number, number> {
  return new Map(
    [process.pid, ...pids].map((pid) => {
      // The name stands in brackets and may hold anything; user and system time are the 12th and 13th fields behind it.
      const fields = (read(`/proc/${pid}/stat`) ?? "").split(") ").at(-1)?.split(" ") ?? [];
      return [pid, Number(fields[11] ?? 0) + Number(fields[12] ?? 0)];
    }),
  );
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
