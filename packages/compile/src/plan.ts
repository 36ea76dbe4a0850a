import {
  type Aval,
  bytesPerElement,
  type Combine,
  type Fill,
  type HostData,
  type ErasedRoutineOp,
  type InputsOf,
  type LibraryOps,
  type Scalar,
  type Shape,
  type StateBuffer,
  type ValuesOf,
} from "@gradus/tensor";

/** Position of a buffer in a plan's list. */
export type BufferId = number;

/** Where a buffer lives: planned bytes of the step's arena, or something bound at each run. */
export type Place = { readonly kind: "arena"; readonly offset: number } | { readonly kind: "bound"; readonly slot: number };

export interface PlanBuffer extends Aval {
  readonly bytes: number;
  readonly place: Place;
  /** The op, argument or parameter it holds, for messages and printing. */
  readonly label: string;
  /** Where its memory is inside another buffer's: which, and which of that one's elements is its first. `place` says the same. */
  readonly part?: { readonly of: BufferId; readonly first: number };
}

/**
 * A loop nest: for every index of `extents`, in any order, reduce `terms` over `reduce` and store `writes`.
 *
 * Axes are numbered parallel first, then reduced. A load's `buffer` is a position in `reads`;
 * an accumulator's `slot` is a position in `terms`. Each write goes to the row-major element of its buffer
 * at the parallel index.
 */
export interface LoopStep {
  readonly kind: "loop";
  readonly label: string;
  readonly extents: Shape;
  readonly reduce: Shape;
  readonly terms: readonly { readonly combine: Combine; readonly value: Scalar }[];
  readonly reads: readonly BufferId[];
  readonly writes: readonly { readonly buffer: BufferId; readonly value: Scalar }[];
}

/** Pointwise work a library kernel does on each finished value, before storing it. */
export interface Epilogue {
  /** The output's axes as the kernel sees them. */
  readonly axes: Shape;
  /** Over those axes; `accumulator` slot 0 is the kernel's own value. A load's `buffer` is a position in `reads`. */
  readonly value: Scalar;
  readonly reads: readonly BufferId[];
}

/** A call of one library op, typed by its row. */
export interface LibraryCall<K extends keyof LibraryOps> {
  readonly x: Fill<InputsOf<LibraryOps[K]>, Aval>;
  readonly attrs: ValuesOf<LibraryOps[K]>;
  readonly out: Aval;
}

export type LibraryStep = {
  readonly [K in keyof LibraryOps]: {
    readonly kind: "library";
    readonly label: string;
    readonly op: K;
    readonly call: LibraryCall<K>;
    /** Input buffers, flat, in slot order. */
    readonly reads: readonly BufferId[];
    readonly write: BufferId;
    readonly epilogue: Epilogue | null;
  };
}[keyof LibraryOps];

/** A routine for each matrix of a batch, which a backend is told by its op. */
export interface RoutineStep {
  readonly kind: "routine";
  readonly label: string;
  readonly op: ErasedRoutineOp;
  readonly call: Parameters<ErasedRoutineOp["work"]>[0];
  /** Runs of the routine. */
  readonly items: number;
  /** Elements of one item in each of `reads`, then in the result. */
  readonly sizes: readonly number[];
  /** Input buffers, in slot order. */
  readonly reads: readonly BufferId[];
  readonly write: BufferId;
}

/** The steps of a recurrence, one after the other: a plan that is run `count` times, each time on other rows of this plan's buffers. */
export interface ScanStep {
  readonly kind: "scan";
  readonly label: string;
  /** What one step computes. It binds every buffer it is given and leaves its results in; it has no inputs and no outputs. */
  readonly body: Plan;
  readonly count: number;
  /** For each buffer the body binds, the one it lies in: in run k (from 0) it begins at element `first + k * step`. */
  readonly rows: readonly { readonly buffer: BufferId; readonly first: number; readonly step: number }[];
  /** The memory of one run of the body; null where it needs none. */
  readonly arena: BufferId | null;
  readonly reads: readonly BufferId[];
  /** Filled row by row; of what holds a state, the first row in time is there before. */
  readonly writes: readonly BufferId[];
}

/** Where a buffer of a scan's body is in the plan around it: in run k it begins `offset + k * step` bytes into `buffer`. */
export function placeInScan(
  { body, rows, arena }: ScanStep,
  buffers: Plan["buffers"],
  id: BufferId,
): { readonly buffer: BufferId; readonly offset: number; readonly step: number } {
  const place = body.buffers[id]?.place;
  if (place?.kind === "arena" && arena !== null) return { buffer: arena, offset: place.offset, step: 0 };
  const row = place?.kind === "bound" ? rows[place.slot] : undefined;
  const outer = row === undefined ? undefined : buffers[row.buffer];
  if (row === undefined || outer === undefined) throw new RangeError(`the body of a scan has no place for its buffer ${id}`);
  const element = bytesPerElement[outer.dtype];
  return { buffer: row.buffer, offset: row.first * element, step: row.step * element };
}

export type Step = LoopStep | LibraryStep | RoutineStep | ScanStep;

/**
 * Loop steps in a row that may be run row by row, all of them for one row before the next, rows in any order or side by side:
 * of P parallel positions of a step the row r computes those from r P / rows to below (r + 1) P / rows, and of memory that one of
 * the steps writes, each reads only the row's own part of it.
 */
export interface Sweep {
  readonly first: number;
  readonly count: number;
  readonly rows: number;
}

/** A fused, scheduled, memory-planned graph: the unit a backend runs. */
export interface Plan {
  /** Short and stable: equal plans have equal names. For messages. */
  readonly name: string;
  readonly buffers: readonly PlanBuffer[];
  readonly steps: readonly Step[];
  /** For each step the wave it belongs to, in order: steps of one wave need nothing of each other, and share no memory that one of them writes. */
  readonly waves: readonly number[];
  /** Steps that may be swept together, in order and apart from each other; none in a plan whose waves have several steps. */
  readonly sweeps: readonly Sweep[];
  /** Arena buffers the host fills before each run, in argument order. */
  readonly inputs: readonly BufferId[];
  /** Buffers the host reads after each run. */
  readonly outputs: readonly BufferId[];
  /** How many buffers each run binds: state cells and kept handles, in slot order. */
  readonly bound: readonly BufferId[];
  readonly arenaBytes: number;
}

/** Tells how to build every library op. A new op breaks a backend's build until it answers. */
export type KernelTable<Code> = {
  readonly [K in keyof LibraryOps]: (call: LibraryCall<K>, epilogue: Epilogue | null) => Candidates<Code>;
};

/** A backend's answers to one step's op. */
export function candidatesOf<Code>(table: KernelTable<Code>, step: LibraryStep): Candidates<Code> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a step's call is typed by its op, and so is the table's entry; the compiler loses that they are the same op
  const answer = table[step.op] as (call: LibraryStep["call"], epilogue: Epilogue | null) => Candidates<Code>;
  return answer(step.call, step.epilogue);
}

/** At least one way to compute it; the first is the untuned default. */
export type Candidates<Code> = readonly [Code, ...Code[]];

/** Device memory that outlives a run: a state cell or a kept tensor. */
export interface DeviceBuffer extends StateBuffer {
  readonly bytes: number;
  write(data: HostData): void;
}

/** A plan made ready to run. */
export interface Executable {
  /**
   * Runs once. Inputs are copied in, outputs copied out; bound buffers are read and written in place.
   * A backend that computes by itself returns a promise of the outputs; what is asked of it after that sees what this run wrote.
   */
  run(inputs: readonly HostData[], bound: readonly DeviceBuffer[]): readonly HostData[] | Promise<readonly HostData[]>;
  free(): void;
}

/** Who told what kernels took: the device, the host after each of them, or the host after a whole run, divided by estimate. */
export type TimingClock = "device timestamps" | "host, kernel by kernel" | "host, per run";

/** One kernel of one run. */
export interface KernelTime {
  /** The position of its step in the plan: a step may have several kernels. */
  readonly step: number;
  readonly name: string;
  /** What it is cut into to run side by side: tiles for threads, workgroups. */
  readonly pieces: number;
  /** In milliseconds of the clock: the host's is `performance.now()`, a device's begins anywhere. */
  readonly start: number;
  readonly milliseconds: number;
}

/** One run of a plan, kernel by kernel in the order they ran. */
export interface RunTime {
  readonly plan: Plan;
  readonly clock: TimingClock;
  /** When the run was called, in milliseconds of `performance.now()`. */
  readonly begun: number;
  readonly kernels: readonly KernelTime[];
  /** The step in which a device's clock advances, in milliseconds, as far as these times show it. */
  readonly tick?: number;
}

export interface MemoryUse {
  /** Bytes held now: arenas, state cells, kept tensors, code tables. */
  readonly bytes: number;
  /** The most ever held at once. */
  readonly peakBytes: number;
}

/** Where sweeping pays. */
export interface Sweeping {
  /** The most bytes that the steps of a sweep may touch for one row. */
  readonly rowBytes: number;
  /** The fewest that they may touch for all rows: what stays in cache from step to step needs no sweeping. */
  readonly leastBytes: number;
}

/** What plans are made to. */
export interface PlanWishes {
  /** Every buffer of an arena starts at a multiple of so many bytes. */
  readonly alignment: number;
  /** What is bound begins at a multiple of so many bytes: recurrences whose rows do not are unrolled. */
  readonly rowAlignment: number;
  /** Whether steps that need nothing of each other may share a wave, for a backend that runs them side by side; else each has its own. */
  readonly sideBySide: boolean;
  /** Which sweeps are worth finding, for a backend that runs them as such; null for none. */
  readonly sweeping: Sweeping | null;
  /** Whether library kernels take float16 inputs and results; else the compiler puts casts around such calls. */
  readonly takesHalves: boolean;
}

/** The wishes of a backend, for one that stands before it. */
export function wishesOf({ alignment, rowAlignment, sideBySide, sweeping, takesHalves }: PlanWishes): PlanWishes {
  return { alignment, rowAlignment, sideBySide, sweeping, takesHalves };
}

/** Runs plans. Knows nothing of gradients, layers or other backends. */
export interface Backend extends PlanWishes {
  readonly name: string;
  readonly threads: number;
  prepare(plan: Plan): Executable | Promise<Executable>;
  /** The same with clocks in it: slower, and `told` hears of every run before its results are handed out. */
  prepareTimed(plan: Plan, told: (run: RunTime) => void): Executable | Promise<Executable>;
  /** @throws MemoryError when there is no room. */
  allocate(aval: Aval, label: string): DeviceBuffer;
  memory(): MemoryUse;
  /** A backend like this one on a new device, for when this one's is lost; absent where that does not happen. */
  reopen?(): Promise<Backend>;
  dispose(): void | Promise<void>;
}

export function readsOfStep(step: Step): readonly BufferId[] {
  return step.kind === "library" ? [...step.reads, ...(step.epilogue?.reads ?? [])] : step.reads;
}

export function writesOfStep(step: Step): readonly BufferId[] {
  if (step.kind === "scan") return step.writes;
  return step.kind === "loop" ? step.writes.map(({ buffer }) => buffer) : [step.write];
}

export function bytesOf({ shape, dtype }: Aval): number {
  return shape.reduce((size, extent) => size * extent, 1) * bytesPerElement[dtype];
}
