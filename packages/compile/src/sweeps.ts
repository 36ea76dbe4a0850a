import { sizeOf } from "@gradus/tensor";
import { type BufferId, type LoopStep, type PlanBuffer, readsOfStep, type Step, type Sweep, type Sweeping, writesOfStep } from "./plan.ts";
import { fallsInRows, readsOwnRow, rowCounts } from "./rows.ts";

/** What a processor with caches asks for: with longer rows, or in fewer bytes, sweeping was no faster than reading anew. */
export const usualSweeping: Sweeping = { rowBytes: 16 << 10, leastBytes: 12 << 20 };

/** Buffers before they have places. */
export interface Memory {
  readonly buffers: readonly Pick<PlanBuffer, "shape" | "bytes">[];
  /** The buffer that a buffer's memory lies in: itself, if it is no part. */
  readonly wholeOf: (id: BufferId) => BufferId;
}

/** Steps in a new order, by their old numbers, and which of them are swept together. */
export interface SweptOrder {
  readonly order: readonly number[];
  readonly sweeps: readonly Sweep[];
}

/** How many steps on from the first of a sweep its first reduction may stand. */
const lookAhead = 4;
/** How many steps may be moved out of a sweep's way. */
const mostMoved = 8;

/**
 * Finds runs of loop steps around a reduction, each of which reads of what the others write only its own row. A loop in between
 * that is no part of the run moves before it, or after it if it waits for it.
 */
export function findSweeps(steps: readonly Step[], memory: Memory, sweeping: Sweeping | null): SweptOrder {
  const all = memory.buffers.reduce((sum, { bytes }) => sum + bytes, 0);
  if (sweeping === null || all < sweeping.leastBytes) return { order: steps.map((_, number) => number), sweeps: [] };
  const order: number[] = [];
  const sweeps: Sweep[] = [];
  const touched = steps.map((step) => new Touched(step, memory));
  /** What is left, the next step last. */
  const left = steps.map((_, number) => number).reverse();
  while (left.length > 0) {
    const run = runFrom(left, steps, touched, { memory, sweeping });
    if (run === null) {
      order.push(...left.splice(-1));
      continue;
    }
    left.length -= run.before.length + run.members.length + run.after.length;
    left.push(...run.after.toReversed());
    order.push(...run.before);
    sweeps.push({ first: order.length, count: run.members.length, rows: run.rows });
    order.push(...run.members);
  }
  return { order, sweeps };
}

/**
 * Whether values of equally many bytes may lie in one memory as far as sweeps go: where a sweep writes one of them, nothing in it
 * reads any of them but in its own row, for another row's may be of another step already.
 */
export function maySharePlace(ids: readonly BufferId[], steps: readonly Step[], sweeps: readonly Sweep[], memory: Memory): boolean {
  return sweeps.every(({ first, count, rows }) => {
    const members = steps.slice(first, first + count);
    if (!members.some((step) => writesOfStep(step).some((id) => ids.includes(id)))) return true;
    return members.every((step) => ids.every((id) => !step.reads.includes(id) || staysInRow(step, id, rows, memory)));
  });
}

/** The step from which on a value is in memory that step `from` makes: a sweep's results are, for some row, from its first step on. */
export function firstStep(sweeps: readonly Sweep[], from: number): number {
  return sweeps.find(({ first, count }) => first <= from && from < first + count)?.first ?? from;
}

interface Search {
  readonly memory: Memory;
  readonly sweeping: Sweeping;
}

interface Run {
  readonly rows: number;
  readonly members: readonly number[];
  /** Steps among them that come before, and after. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The sweep that begins with the next step, of as many rows as can be. */
function runFrom(left: readonly number[], steps: readonly Step[], touched: readonly Touched[], { memory, sweeping }: Search): Run | null {
  for (const rows of rowCountsAhead(left, steps)) {
    const open = new OpenSweep(rows, memory);
    const moved = { before: [] as number[], after: [] as number[] };
    let run: Run | null = null;
    for (let i = left.length - 1; i >= 0; i--) {
      const number = left[i] ?? 0;
      const [step, own] = [steps[number], touched[number]];
      if (step?.kind !== "loop" || own === undefined) break;
      const free = !moved.after.some((other) => touched[other]?.meets(own) === true);
      if (free && open.takes(step, sweeping.rowBytes)) {
        open.add(number, step);
        if (open.shares && open.bytes >= sweeping.leastBytes)
          run = { rows, members: [...open.members], before: [...moved.before], after: [...moved.after] };
        continue;
      }
      if (open.members.length === 0 || moved.before.length + moved.after.length === mostMoved) break;
      const early = free && !open.members.some((other) => touched[other]?.meets(own) === true);
      (early ? moved.before : moved.after).push(number);
    }
    if (run !== null) return run;
  }
  return null;
}

/** Numbers of rows to try: those of the first reduction, if it is near. */
function rowCountsAhead(left: readonly number[], steps: readonly Step[]): readonly number[] {
  for (let ahead = 0; ahead < lookAhead; ahead++) {
    const step = steps[left[left.length - 1 - ahead] ?? -1];
    if (step?.kind !== "loop") break;
    if (step.terms.length > 0) return rowCounts(step);
  }
  return [];
}

function staysInRow(step: Step, id: BufferId, rows: number, { buffers }: Memory): boolean {
  return step.kind === "loop" && readsOwnRow(step, id, sizeOf(buffers[id]?.shape ?? []), rows);
}

/** The memory that a step touches. */
class Touched {
  readonly #reads: ReadonlySet<BufferId>;
  readonly #writes: ReadonlySet<BufferId>;

  constructor(step: Step, { wholeOf }: Memory) {
    this.#reads = new Set(readsOfStep(step).map(wholeOf));
    this.#writes = new Set(writesOfStep(step).map(wholeOf));
  }

  /** Whether the order of two steps matters. */
  meets(other: Touched): boolean {
    return this.#writesWhat(other) || other.#writesWhat(this);
  }

  #writesWhat(other: Touched): boolean {
    return [...this.#writes].some((id) => other.#reads.has(id) || other.#writes.has(id));
  }
}

/** A sweep that grows step by step. */
class OpenSweep {
  readonly rows: number;
  readonly members: number[] = [];
  /** Whether two of its steps read or write the same rows, of more than one element. */
  shares = false;
  readonly #memory: Memory;
  readonly #steps: LoopStep[] = [];
  readonly #written = new Set<BufferId>();
  readonly #touched = new Set<BufferId>();

  constructor(rows: number, memory: Memory) {
    this.rows = rows;
    this.#memory = memory;
  }

  /** Whether a step can be swept with those before, and reads what they write. */
  takes(step: LoopStep, rowBytes: number): boolean {
    const { wholeOf } = this.#memory;
    const writes = writesOfStep(step);
    if (this.members.length > 0 && !step.reads.some((id) => this.#written.has(id))) return false;
    if (!fallsInRows(step, this.rows)) return false;
    const written = new Set([...this.#written, ...writes]);
    const touched = new Set([...this.#touched, ...step.reads, ...writes]);
    if (this.#rowBytes(touched) > rowBytes) return false;
    // What is written as one buffer is touched as no other that lies around or inside it.
    for (const id of written) for (const other of touched) if (id !== other && wholeOf(id) === wholeOf(other)) return false;
    if (!step.reads.every((id) => !written.has(id) || staysInRow(step, id, this.rows, this.#memory))) return false;
    return this.#steps.every((other) =>
      writes.every((id) => this.#written.has(id) || !other.reads.includes(id) || staysInRow(other, id, this.rows, this.#memory)),
    );
  }

  add(number: number, step: LoopStep): void {
    const writes = writesOfStep(step);
    for (const id of new Set([...step.reads, ...writes])) {
      if (this.#touched.has(id) && sizeOf(this.#memory.buffers[id]?.shape ?? []) > this.rows) this.shares = true;
      this.#touched.add(id);
    }
    for (const id of writes) this.#written.add(id);
    this.#steps.push(step);
    this.members.push(number);
  }

  /** What its steps touch for all rows. */
  get bytes(): number {
    return this.rows * this.#rowBytes(this.#touched);
  }

  #rowBytes(ids: ReadonlySet<BufferId>): number {
    return [...ids].reduce((sum, id) => {
      const { shape = [], bytes = 0 } = this.#memory.buffers[id] ?? {};
      // What rows share stays in cache.
      return sum + (sizeOf(shape) % this.rows === 0 ? bytes / this.rows : 0);
    }, 0);
  }
}
