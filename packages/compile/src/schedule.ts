/** A piece of work to be ordered. */
export interface Task {
  /** Values this makes, and their bytes. */
  readonly makes: readonly number[];
  /** Values this reads. */
  readonly takes: readonly number[];
  /** Tasks that must come first for another reason: readers of a cell this one overwrites. */
  readonly after: readonly number[];
}

/** How far ahead of the recorded order the scheduler looks for a task that frees more memory. */
const window = 64;

/**
 * Orders tasks so that producers come first and few bytes are alive at once: of the tasks that are ready, the one
 * that frees the most (or takes the least), the earliest recorded among equals. Null if they wait for each other.
 */
export function schedule(tasks: readonly Task[], bytes: readonly number[], alwaysAlive: ReadonlySet<number>): number[] | null {
  const maker = new Map<number, number>();
  const readersLeft = new Map<number, number>();
  tasks.forEach(({ makes, takes }, index) => {
    for (const value of makes) maker.set(value, index);
    for (const value of new Set(takes)) readersLeft.set(value, (readersLeft.get(value) ?? 0) + 1);
  });
  const blockers = tasks.map(({ takes, after }, index) => {
    const before = new Set<number>(after);
    for (const value of takes) {
      const from = maker.get(value);
      if (from !== undefined) before.add(from);
    }
    before.delete(index);
    return before;
  });
  const unlocks = new Map<number, number[]>();
  blockers.forEach((before, index) => {
    for (const other of before) unlocks.set(other, [...(unlocks.get(other) ?? []), index]);
  });
  const waiting = blockers.map((before) => before.size);
  const ready = tasks.flatMap((_, index) => (waiting[index] === 0 ? [index] : []));
  const order: number[] = [];

  const growth = (index: number): number => {
    const task = tasks[index];
    if (task === undefined) return 0;
    let total = 0;
    for (const value of task.makes) if (!alwaysAlive.has(value)) total += bytes[value] ?? 0;
    for (const value of new Set(task.takes))
      if (readersLeft.get(value) === 1 && maker.has(value) && !alwaysAlive.has(value)) total -= bytes[value] ?? 0;
    return total;
  };

  while (ready.length > 0) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < Math.min(ready.length, window); i++) {
      const grown = growth(ready[i] ?? 0);
      if (grown < least) [best, least] = [i, grown];
    }
    const [chosen = 0] = ready.splice(best, 1);
    order.push(chosen);
    for (const value of new Set(tasks[chosen]?.takes)) readersLeft.set(value, (readersLeft.get(value) ?? 1) - 1);
    for (const next of unlocks.get(chosen) ?? []) {
      const left = (waiting[next] ?? 1) - 1;
      waiting[next] = left;
      if (left === 0) insertSorted(ready, next);
    }
  }
  return order.length === tasks.length ? order : null;
}

function insertSorted(list: number[], value: number): void {
  let at = list.length;
  while (at > 0 && (list[at - 1] ?? 0) > value) at--;
  list.splice(at, 0, value);
}
