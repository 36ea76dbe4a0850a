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
  const maker = makersOf(tasks);
  const readersLeft = new Map<number, number>();
  for (const { takes } of tasks) for (const value of new Set(takes)) readersLeft.set(value, (readersLeft.get(value) ?? 0) + 1);
  const blockers = blockersOf(tasks, maker);
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

/**
 * The wave of each task, given some order: tasks of one wave do not wait for each other, and there are as few waves as there can be.
 * A task whose results nobody waits for runs as early as it can, the others as late as they may, so that values are alive for a short time.
 */
export function wavesOf(tasks: readonly Task[], order: readonly number[]): readonly number[] {
  const blockers = blockersOf(tasks, makersOf(tasks));
  const waves = tasks.map(() => 0);
  for (const index of order) {
    for (const before of blockers[index] ?? []) waves[index] = Math.max(waves[index] ?? 0, (waves[before] ?? 0) + 1);
  }
  const latest = tasks.map(() => Number.POSITIVE_INFINITY);
  for (const index of order.toReversed()) {
    const wave = latest[index] ?? Number.POSITIVE_INFINITY;
    if (wave !== Number.POSITIVE_INFINITY) waves[index] = wave;
    for (const before of blockers[index] ?? [])
      latest[before] = Math.min(latest[before] ?? Number.POSITIVE_INFINITY, (waves[index] ?? 0) - 1);
  }
  return waves;
}

function makersOf(tasks: readonly Task[]): ReadonlyMap<number, number> {
  return new Map(tasks.flatMap(({ makes }, index) => makes.map((value) => [value, index] as const)));
}

/** For each task, the tasks that must come before it. */
function blockersOf(tasks: readonly Task[], maker: ReadonlyMap<number, number>): ReadonlySet<number>[] {
  return tasks.map(({ takes, after }, index) => {
    const before = new Set<number>(after);
    for (const value of takes) {
      const from = maker.get(value);
      if (from !== undefined) before.add(from);
    }
    before.delete(index);
    return before;
  });
}

function insertSorted(list: number[], value: number): void {
  let at = list.length;
  while (at > 0 && (list[at - 1] ?? 0) > value) at--;
  list.splice(at, 0, value);
}
