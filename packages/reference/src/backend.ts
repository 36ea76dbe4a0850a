import {
  type Backend,
  bytesOf,
  cacheLine,
  type DeviceBuffer,
  type Executable,
  type KernelTime,
  type LibraryStep,
  type MemoryUse,
  type Plan,
  type RoutineStep,
  type RunTime,
  type Sweeping,
  usualSweeping,
} from "@gradus/compile";
import { type Aval, type DType, type HostData, hostFrom, numbersOf, sizeOf } from "@gradus/tensor";
import { Interpreter, type Rounding, runLoop, spread } from "./interpret.ts";
import { definitionOf } from "./library.ts";

/** An executable that can also be read before rounding to the dtype. */
export interface ExactExecutable extends Executable {
  /** Runs once on float64 values and returns float64 values. */
  runExact(inputs: readonly ArrayLike<number>[], bound: readonly DeviceBuffer[]): readonly Float64Array[];
}

export interface ReferenceOptions {
  /**
   * Keep values where the plan puts them, in one arena, instead of each in its own array; false when left out.
   * Memory a step may write is filled with NaN first, so that a value overwritten too early shows.
   */
  readonly planned?: boolean;
  /** Take plans with several steps in a wave, and run those in the reverse of their order; false when left out. */
  readonly sideBySide?: boolean;
  /** Take plans with sweeps of any size, and run those row by row, the last row first; false when left out. */
  readonly rowByRow?: boolean;
}

/**
 * The float64 backend: every plan, element by element, by definition. Slow on purpose; what the others are tested against.
 */
export class ReferenceBackend implements Backend {
  readonly name = "reference";
  readonly threads = 1;
  readonly alignment = cacheLine;
  readonly sideBySide: boolean;
  readonly rowAlignment = 1;
  readonly sweeping: Sweeping;
  readonly takesHalves = false;
  readonly #planned: boolean;
  readonly #rowByRow: boolean;
  #bytes = 0;
  #peak = 0;

  constructor({ planned = false, sideBySide = false, rowByRow = false }: ReferenceOptions = {}) {
    this.#planned = planned;
    this.#rowByRow = rowByRow;
    this.sweeping = rowByRow ? { ...usualSweeping, leastBytes: 0 } : usualSweeping;
    this.sideBySide = sideBySide;
  }

  prepare(plan: Plan): ExactExecutable {
    return this.#prepare(plan, null);
  }

  prepareTimed(plan: Plan, told: (run: RunTime) => void): ExactExecutable {
    return this.#prepare(plan, told);
  }

  #prepare(plan: Plan, told: ((run: RunTime) => void) | null): ExactExecutable {
    const compute = (inputs: readonly ArrayLike<number>[], bound: readonly DeviceBuffer[], rounding: Rounding): readonly Float64Array[] => {
      const memory = this.#memoryOf(plan, bound.map(exact));
      plan.inputs.forEach((id, i) => memory.of[id]?.set(inputs[i] ?? []));
      const begun = performance.now();
      const kernels: KernelTime[] = [];
      for (const { number, step, rows } of this.#pieces(plan)) {
        const start = performance.now();
        this.#run({ step, rows }, plan, memory, rounding);
        kernels.push({ step: number, name: step.label, pieces: 1, start, milliseconds: performance.now() - start });
      }
      told?.({ plan, clock: "host, kernel by kernel", begun, kernels });
      return plan.outputs.map((id) => (memory.of[id] ?? new Float64Array(0)).slice());
    };
    const dtypeAt = (id: number | undefined): DType => plan.buffers[id ?? 0]?.dtype ?? "float32";
    return {
      runExact: (inputs, bound) => compute(inputs, bound, "none"),
      run: (inputs, bound) => {
        const numbers = inputs.map((data, i) => numbersOf(dtypeAt(plan.inputs[i]), data));
        return compute(numbers, bound, "halves").map((data, i) => hostFrom(dtypeAt(plan.outputs[i]), data));
      },
      free: () => undefined,
    };
  }

  #pieces(plan: Plan): readonly Piece[] {
    return this.#rowByRow ? backwardsInSweeps(plan) : backwardsInWaves(plan);
  }

  /** Where the values of a plan are, given those of the buffers it binds. */
  #memoryOf({ buffers, arenaBytes }: Plan, bound: readonly Float64Array[]): Memory {
    const arena = this.#planned ? new Float64Array(arenaBytes).fill(Number.NaN) : null;
    const whole = buffers.map(({ place, shape, part }) => {
      if (place.kind === "bound") return bound[place.slot];
      if (part !== undefined) return null;
      return arena === null ? new Float64Array(sizeOf(shape)).fill(Number.NaN) : arena.subarray(place.offset, place.offset + sizeOf(shape));
    });
    const of = (id: number): Float64Array => {
      const { part, shape = [] } = buffers[id] ?? {};
      return part === undefined ? (whole[id] ?? new Float64Array(0)) : of(part.of).subarray(part.first, part.first + sizeOf(shape));
    };
    return { of: buffers.map((_, id) => of(id)), arena };
  }

  #run({ step, rows }: Pick<Piece, "step" | "rows">, plan: Plan, { of: memory, arena }: Memory, rounding: Rounding): void {
    if (arena !== null) poison(arena, plan, step, rows);
    switch (step.kind) {
      case "loop":
        runLoop(
          step,
          pick(memory, step.reads),
          pick(
            memory,
            step.writes.map(({ buffer }) => buffer),
          ),
          rounding,
          rows === null ? undefined : shareOf(sizeOf(step.extents), rows),
        );
        return;
      case "library":
      case "routine":
        runLibrary(step, memory, rounding);
        return;
      case "scan":
        for (let run = 0; run < step.count; run++) {
          const rows = step.rows.map(({ buffer, first, step: by }, slot) => {
            const start = first + run * by;
            return (memory[buffer] ?? new Float64Array(0)).subarray(
              start,
              start + sizeOf(step.body.buffers[step.body.bound[slot] ?? 0]?.shape ?? []),
            );
          });
          const inside = this.#memoryOf(step.body, rows);
          for (const piece of this.#pieces(step.body)) this.#run(piece, step.body, inside, rounding);
        }
        return;
    }
    step satisfies never;
  }

  allocate(aval: Aval, _label: string): DeviceBuffer {
    const bytes = bytesOf(aval);
    this.#bytes += bytes;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return new ExactBuffer(aval, () => (this.#bytes -= bytes));
  }

  memory(): MemoryUse {
    return { bytes: this.#bytes, peakBytes: this.#peak };
  }

  dispose(): void {
    this.#bytes = 0;
  }
}

interface Memory {
  /** Of each buffer its values. */
  readonly of: readonly Float64Array[];
  readonly arena: Float64Array | null;
}

/** The steps by number, in some other order that their waves allow; in their own where each has a wave to itself. */
function backwardsInWaves({ steps, waves }: Plan): readonly Piece[] {
  const all = steps.map((step, number): Piece => ({ number, step, rows: null }));
  return [...Map.groupBy(all, ({ number }) => waves[number] ?? number).values()].flatMap((wave) => wave.toReversed());
}

/** The steps by number, those of sweeps once for each row, beginning with the last. */
function backwardsInSweeps({ steps, sweeps }: Plan): readonly Piece[] {
  const pieces: Piece[] = [];
  steps.forEach((step, number) => {
    const sweep = sweeps.find(({ first, count }) => first <= number && number < first + count);
    if (sweep === undefined) pieces.push({ number, step, rows: null });
    if (sweep === undefined || number !== sweep.first) return;
    for (let row = sweep.rows - 1; row >= 0; row--)
      steps
        .slice(number, number + sweep.count)
        .forEach((each, i) => pieces.push({ number: number + i, step: each, rows: { row, of: sweep.rows } }));
  });
  return pieces;
}

/** A step, or one row of it. */
interface Piece {
  readonly number: number;
  readonly step: Plan["steps"][number];
  readonly rows: Row | null;
}

interface Row {
  readonly row: number;
  readonly of: number;
}

/** The part of so many elements that is a row's. */
function shareOf(elements: number, { row, of }: Row): { readonly from: number; readonly to: number } {
  const share = elements / of;
  return { from: row * share, to: (row + 1) * share };
}

class ExactBuffer implements DeviceBuffer {
  readonly bytes: number;
  readonly values: Float64Array;
  readonly #aval: Aval;
  #release: (() => void) | null;

  constructor(aval: Aval, release: () => void) {
    this.#aval = aval;
    this.bytes = bytesOf(aval);
    this.values = new Float64Array(sizeOf(aval.shape));
    this.#release = release;
  }

  write(data: HostData): void {
    this.values.set(numbersOf(this.#aval.dtype, data));
  }

  read(): HostData {
    return hostFrom(this.#aval.dtype, this.values);
  }

  free(): void {
    this.#release?.();
    this.#release = null;
  }
}

function runLibrary(step: LibraryStep | RoutineStep, memory: readonly Float64Array[], rounding: Rounding): void {
  const target = memory[step.write] ?? new Float64Array(0);
  const output = Float64Array.from(definitionOf(step)(pick(memory, step.reads)));
  if (step.kind === "routine" || step.epilogue === null) {
    target.set(output);
    return;
  }
  const { axes, value, reads } = step.epilogue;
  const indices = axes.map(() => 0);
  const accumulators = [0];
  const machine = new Interpreter(indices, accumulators, pick(memory, reads), rounding);
  const compute = machine.compile(value);
  for (let element = 0; element < output.length; element++) {
    spread(element, axes, indices, 0);
    accumulators[0] = output[element] ?? 0;
    machine.clear();
    target[element] = compute();
  }
}

/**
 * Fills what a step is about to write with NaN: all of it where the step reads other elements than it writes,
 * else (it may write over what it reads) what lies behind its values, for a value here takes one place and not its bytes.
 */
function poison(arena: Float64Array, { buffers }: Plan, step: Plan["steps"][number], rows: Row | null): void {
  const overReads = step.kind === "loop" && step.terms.length === 0;
  // What a scan begins with is there before it.
  if (step.kind === "scan") return;
  for (const id of step.kind === "loop" ? step.writes.map(({ buffer }) => buffer) : [step.write]) {
    const buffer = buffers[id];
    // A part's neighbours are alive, and its place here is not where its bytes would be.
    if (buffer?.place.kind !== "arena" || buffer.part !== undefined) continue;
    const { offset } = buffer.place;
    if (rows !== null) {
      // Neighbours are other rows'.
      const { from, to } = shareOf(sizeOf(buffer.shape), rows);
      if (!overReads) arena.fill(Number.NaN, offset + from, offset + to);
      continue;
    }
    arena.fill(Number.NaN, overReads ? offset + sizeOf(buffer.shape) : offset, offset + buffer.bytes);
  }
}

function pick(memory: readonly Float64Array[], ids: readonly number[]): Float64Array[] {
  return ids.map((id) => memory[id] ?? new Float64Array(0));
}

function exact(buffer: DeviceBuffer | undefined): Float64Array {
  if (buffer instanceof ExactBuffer) return buffer.values;
  throw new RangeError("a buffer of another backend was bound");
}
