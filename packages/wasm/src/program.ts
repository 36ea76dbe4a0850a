import { type FunctionBuilder, type FunctionHandle, type Local, ModuleBuilder } from "./asm/index.ts";
import type { Kernel, Level } from "./kernels/kernel.ts";
import { mostPages } from "./heap.ts";

/** Where a kernel's buffer is: in the arena, or bound through the table at each run. */
export type Address = { readonly kind: "arena"; readonly offset: number } | { readonly kind: "table"; readonly slot: number };

/** One kernel with the buffers of one step. */
export interface Launch {
  readonly kernel: Kernel;
  readonly addresses: readonly Address[];
}

/** Words of one set of counters: threads that arrived at barriers, then the next tile of each launch. All zero before a run. */
export const counterWords = { barrier: 0, tiles: 1 } as const;

/** Turns of the spin, some 100 microseconds, before a thread at a barrier lets others run. */
const spins = 1 << 15;
/** How long a thread at a barrier then sleeps at most before it looks again, in nanoseconds, and how often before it gives up: a minute. */
const napNanoseconds = 10_000_000n;
const mostNaps = 6_000;
/** The same for a thread that may not sleep: some seconds of looking. */
const mostTurns = 0x7fff_0000;

/**
 * One module for a whole plan: its kernels, and `run`, which every thread calls once a run. Threads claim tiles with
 * an atomic add and meet at a barrier after each kernel; who ran a tile never shows in a result. With `clocked`, thread 0
 * calls the import `env.clock` with -1 before the first kernel and with a launch's number after its barrier.
 *
 * run(thread, participants, mayWait, arena, table, scratch, workspace, counters)
 */
export function programModule(
  launches: readonly Launch[],
  level: Level,
  scratchBytes: number,
  shared: boolean,
  prepare: (module: ModuleBuilder) => void,
  clocked = false,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory({ initial: 0, maximum: mostPages + 1, shared });
  const clock = clocked ? module.importFunction("env", "clock", ["i32"]) : null;
  prepare(module);
  const functions = new Map<string, FunctionHandle>();
  const handles = launches.map(({ kernel }) => {
    const known = functions.get(kernel.key);
    if (known !== undefined) return known;
    const made = kernel.emit(module, level);
    functions.set(kernel.key, made);
    return made;
  });
  const parameters = ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"] as const;
  module.function("run", { parameters, export: "run" }, (f, thread, participants, mayWait, arena, table, scratch, workspace, counters) => {
    const own = f.local("i32", () => f.i32.add(scratch, () => f.i32.mul(thread, scratchBytes)));
    const tile = f.local("i32");
    const mark = (launch: number): void => {
      if (clock !== null)
        f.if(
          () => f.i32.eqz(thread),
          () => f.call(clock, launch),
        );
    };
    mark(-1);
    launches.forEach(({ kernel, addresses }, index) => {
      const handle = handles[index];
      if (handle === undefined) return;
      const buffers = addresses.map((address) =>
        f.local("i32", () => (address.kind === "arena" ? f.i32.add(arena, address.offset) : f.i32.load(address.slot * 4, table))),
      );
      const claim = (): void => f.set(tile, () => f.i32.atomic_rmw_add(4 * (counterWords.tiles + index), counters, 1));
      f.block((done) => {
        f.loop((again) => {
          claim();
          f.brIf(done, () => f.i32.ge_s(tile, kernel.tiles));
          f.get(tile);
          f.get(own);
          f.get(workspace);
          for (const buffer of buffers) f.get(buffer);
          f.call(handle);
          f.br(again);
        });
      });
      f.free(...buffers);
      if (shared) barrier(f, { thread, participants, mayWait, counters }, index + 1, index === launches.length - 1);
      mark(index);
    });
  });
  return module.build();
}

/**
 * Waits until every participant has arrived `count` times. At the last barrier only thread 0 waits: arriving there is
 * the last thing another thread does to the counters, so that they may be used again once `run` returns on thread 0.
 */
function barrier(f: FunctionBuilder, { thread, participants, mayWait, counters }: BarrierLocals, count: number, last: boolean): void {
  f.block((alone) => {
    f.brIf(alone, () => f.i32.eq(participants, 1));
    const target = f.local("i32", () => f.i32.mul(participants, count));
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
}
