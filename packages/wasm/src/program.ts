import { type FunctionBuilder, type FunctionHandle, type Label, type Local, ModuleBuilder } from "./asm/index.ts";
import type { Kernel, Level } from "./kernels/kernel.ts";
import { mostPages } from "./heap.ts";
import type { Unit } from "./phases.ts";
import { mostThreads } from "./worker.ts";

/**
 * Where a kernel's buffer is: in the arena, or bound through the table at each run; `offset` bytes behind that, and in run k of
 * an enclosing scan k times its `steps` further, of the outermost scan first.
 */
export type Address = ({ readonly kind: "arena" } | { readonly kind: "table"; readonly slot: number }) & {
  readonly offset: number;
  readonly steps: readonly number[];
};

/** One kernel with the buffers of one step. */
export interface Launch {
  readonly kernel: Kernel;
  readonly addresses: readonly Address[];
}

/** Launches that threads run phase by phase, or what they run again and again. */
export type Block = PhasesBlock | { readonly kind: "scan"; readonly count: number; readonly blocks: readonly Block[] };

export interface PhasesBlock {
  readonly kind: "phases";
  readonly launches: readonly Launch[];
  /** The number of the first launch among all of the plan's. */
  readonly first: number;
  /** Every launch once, by its position here; see `phasesOf`. */
  readonly phases: readonly (readonly Unit[])[];
}

/** Units of one run, each of which counts the tiles claimed of it: those of a scan count anew at every step. */
export function unitsOf(blocks: readonly Block[]): number {
  return blocks.reduce(
    (sum, block) => sum + (block.kind === "phases" ? block.phases.flat().length : block.count * unitsOf(block.blocks)),
    0,
  );
}

/** Counters of one run, all zero before it: threads that arrived at barriers, then the tiles claimed of each unit. */
export const counterWords = { barrier: 0, claims: 1 } as const;

/** A unit of so many tiles counts those claimed from its front in 16 bits, with room for every thread to ask once too often. */
const mostSided = 0xffff - mostThreads;

/**
 * Tiles of a sweep that a thread claims at once: they are short, and threads that ask for the next one all the time wait for each
 * other. As many claims remain as make the last ones end together.
 */
function claimedAtOnce(unit: Unit, tiles: number): number {
  return unit.length === 1 ? 1 : Math.max(1, Math.min(mostAtOnce, Math.floor(tiles / 64)));
}

const mostAtOnce = 16;

/** Turns of the spin, some 100 microseconds, before a thread at a barrier lets others run. */
const spins = 1 << 15;
/** How long a thread at a barrier then sleeps at most before it looks again, in nanoseconds, and how often before it gives up: a minute. */
const napNanoseconds = 10_000_000n;
const mostNaps = 6_000;
/** The same for a thread that may not sleep: some seconds of looking. */
const mostTurns = 0x7fff_0000;

/** What a plan's module is made of. */
export interface ProgramParts {
  readonly blocks: readonly Block[];
  readonly level: Level;
  /** Of one thread. */
  readonly scratchBytes: number;
  readonly shared: boolean;
  /** Adds to the module what kernels call. */
  readonly prepare: (module: ModuleBuilder) => void;
  /**
   * Whether `run` calls the import `env.clock`: thread 0 does, with -1 before the first phase, and after each one's barrier with
   * the number of its first launch.
   */
  readonly clocked: boolean;
}

/**
 * One module for a whole plan: its kernels, and `run`, which every thread calls once a run. Threads claim the tiles of one
 * unit after the other with an atomic add and meet at a barrier after each phase; who ran a tile never shows in a result.
 *
 * Even threads claim from a unit's front and odd ones from its back, so that of two threads each finds in its cache most
 * of what it left there in the phase before.
 *
 * run(thread, participants, mayWait, arena, table, scratch, workspace, counters)
 */
export function programModule({ blocks, level, scratchBytes, shared, prepare, clocked }: ProgramParts): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory({ initial: 0, maximum: mostPages + 1, shared });
  const clock = clocked ? module.importFunction("env", "clock", ["i32"]) : null;
  prepare(module);
  const functions = new Map<string, FunctionHandle>();
  const emit = (block: Block): void => {
    if (block.kind === "scan") return block.blocks.forEach(emit);
    for (const { kernel } of block.launches) if (!functions.has(kernel.key)) functions.set(kernel.key, kernel.emit(module, level));
  };
  blocks.forEach(emit);
  const parameters = ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"] as const;
  module.function("run", { parameters, export: "run" }, (f, thread, participants, mayWait, arena, table, scratch, workspace, counters) => {
    const own = f.local("i32", () => f.i32.add(scratch, () => f.i32.mul(thread, scratchBytes)));
    const tile = f.local("i32");
    const end = f.local("i32");
    const odd = f.local("i32", () => f.i32.and(thread, 1));
    // What even threads claim is counted in the low half of a word, what odd ones do in the high half.
    const one = f.local("i32", () => f.select("i32", 0x1_0000, 1, odd));
    const claimed = f.local("i32");
    const mark = (launch: number): void => {
      if (clock !== null)
        f.if(
          () => f.i32.eqz(thread),
          () => f.call(clock, launch),
        );
    };
    // The counters of the units that come next, and the barriers met so far.
    const claims = f.local("i32", () => f.i32.add(counters, 4 * counterWords.claims));
    const met = f.local("i32", 0);
    const front = (): void => f.i32.and(claimed, 0xffff);
    const back = (): void => f.i32.shr_u(claimed, 16);
    /** Leaves a tile that nobody else has claimed, or leads out. */
    const claim = (unit: number, tiles: number, done: Label): void => {
      const address = 4 * unit;
      if (tiles > mostSided) {
        f.set(tile, () => f.i32.atomic_rmw_add(address, claims, 1));
        f.brIf(done, () => f.i32.ge_s(tile, tiles));
        return;
      }
      f.set(claimed, () => f.i32.atomic_rmw_add(address, claims, one));
      f.brIf(done, () => f.i32.ge_s(() => f.i32.add(front, back), tiles));
      f.set(tile, () => f.select("i32", () => f.i32.sub(tiles - 1, back), front, odd));
    };
    /** Leaves where a buffer is, given how often each enclosing scan has run its steps. */
    const locate = ({ offset, steps, ...base }: Address, runs: readonly Local<"i32">[]): void => {
      const moves = steps.flatMap((step, depth) => {
        const run = runs[depth];
        return run === undefined || step === 0 ? [] : [() => f.i32.mul(run, step)];
      });
      const begin = base.kind === "arena" ? () => f.get(arena) : () => f.i32.load(base.slot * 4, table);
      const there = offset === 0 ? begin : () => f.i32.add(begin, offset);
      moves.reduce((from, move) => () => f.i32.add(from, move), there)();
    };
    const launch = ({ kernel, addresses }: Launch, runs: readonly Local<"i32">[]): void => {
      const handle = functions.get(kernel.key);
      if (handle === undefined) throw new RangeError("a phase names a launch that is not there");
      f.get(tile);
      f.get(own);
      f.get(workspace);
      for (const address of addresses) locate(address, runs);
      f.call(handle);
    };
    const runPhases = ({ launches, first, phases }: PhasesBlock, runs: readonly Local<"i32">[], last: boolean): void => {
      let units = 0;
      phases.forEach((phase, index) => {
        for (const unit of phase) {
          const members = unit.flatMap((member) => launches[member] ?? []);
          const tiles = members[0]?.kernel.tiles ?? 0;
          const number = units++;
          f.block((done) => {
            f.loop((again) => {
              const together = claimedAtOnce(unit, tiles);
              const run = (): void => {
                for (const member of members) launch(member, runs);
              };
              claim(number, Math.ceil(tiles / together), done);
              if (together === 1) run();
              else {
                f.set(tile, () => f.i32.mul(tile, together));
                f.set(end, () => f.i32.add(tile, together));
                f.set(end, () => f.select("i32", end, tiles, () => f.i32.lt_s(end, tiles)));
                f.loop((next) => {
                  run();
                  f.set(tile, () => f.i32.add(tile, 1));
                  f.brIf(next, () => f.i32.lt_s(tile, end));
                });
              }
              f.br(again);
            });
          });
        }
        if (shared) {
          f.set(met, () => f.i32.add(met, 1));
          barrier(f, { thread, participants, mayWait, counters, met }, last && index === phases.length - 1);
        }
        mark(first + (phase[0]?.[0] ?? 0));
      });
      f.set(claims, () => f.i32.add(claims, 4 * units));
    };
    const runBlocks = (list: readonly Block[], runs: readonly Local<"i32">[]): void =>
      list.forEach((block, index) => {
        if (block.kind === "phases") return runPhases(block, runs, runs.length === 0 && index === list.length - 1);
        const run = f.local("i32");
        f.for(run, 0, block.count, 1, () => runBlocks(block.blocks, [...runs, run]));
        f.free(run);
      });
    mark(-1);
    runBlocks(blocks, []);
    if (shared && blocks.at(-1)?.kind === "scan") {
      f.set(met, () => f.i32.add(met, 1));
      barrier(f, { thread, participants, mayWait, counters, met }, true);
    }
  });
  return module.build();
}

/**
 * Waits until every participant has arrived as often as barriers were met. At the last barrier only thread 0 waits: arriving there is
 * the last thing another thread does to the counters, so that they may be used again once `run` returns on thread 0.
 */
function barrier(f: FunctionBuilder, { thread, participants, mayWait, counters, met }: BarrierLocals, last: boolean): void {
  f.block((alone) => {
    f.brIf(alone, () => f.i32.eq(participants, 1));
    const target = f.local("i32", () => f.i32.mul(participants, met));
    const arrived = f.local("i32");
    const turns = f.local("i32", 0);
    f.set(arrived, () => f.i32.atomic_rmw_add(4 * counterWords.barrier, counters, 1));
    // The last to arrive wakes those that sleep.
    f.if(
      () => f.i32.eq(() => f.i32.add(arrived, 1), target),
      () => {
        f.memory.atomic_notify(4 * counterWords.barrier, counters, -1);
        f.drop();
      },
    );
    if (last) f.brIf(alone, thread);
    f.loop((again) => {
      f.set(arrived, () => f.i32.atomic_load(4 * counterWords.barrier, counters));
      f.brIf(alone, () => f.i32.ge_s(arrived, target));
      f.set(turns, () => f.i32.add(turns, 1));
      f.brIf(again, () => f.i32.lt_s(turns, spins));
      f.if(
        mayWait,
        () => {
          f.memory.atomic_wait32(4 * counterWords.barrier, counters, arrived, napNanoseconds);
          f.drop();
          f.if(
            () => f.i32.gt_s(turns, spins + mostNaps),
            () => f.unreachable(),
          );
        },
        // A page's main thread may not sleep.
        () =>
          f.if(
            () => f.i32.gt_s(turns, mostTurns),
            () => f.unreachable(),
          ),
      );
      f.br(again);
    });
    f.free(target, arrived, turns);
  });
}

interface BarrierLocals {
  readonly thread: Local<"i32">;
  readonly participants: Local<"i32">;
  readonly mayWait: Local<"i32">;
  readonly counters: Local<"i32">;
  readonly met: Local<"i32">;
}
