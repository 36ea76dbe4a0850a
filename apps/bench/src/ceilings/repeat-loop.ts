import type { CeilingLoop } from "./loops.ts";

/** How long a loop is measured, in milliseconds. */
export interface LoopEffort {
  readonly warmUp: number;
  readonly rounds: number;
  readonly round: number;
}

/** Amount a second of a loop that `threads` threads repeat at once, each on memory of its own: the best of the rounds. */
export type MeasureLoop = (loop: CeilingLoop, threads: number, effort: LoopEffort) => Promise<number>;

/** What a thread is started with. */
export interface LoopThread extends LoopEffort {
  readonly module: WebAssembly.Module;
  readonly pages: number;
  readonly times: number;
  readonly threads: number;
  /** Threads that have arrived, over all rounds. */
  readonly arrived: Int32Array<SharedArrayBuffer>;
}

/** Measures a loop on threads that `runThread` starts, each of which calls `repeatLoop` with what it is given. */
export function measureLoopOn(runThread: (start: LoopThread) => Promise<readonly number[]>): MeasureLoop {
  return async ({ module, pages, times, amount }, threads, effort) => {
    const arrived = new Int32Array(new SharedArrayBuffer(4));
    const start = { module, pages, times, threads, arrived, ...effort };
    const all = await Promise.all(Array.from({ length: threads }, async () => runThread(start)));
    const sums = Array.from({ length: effort.rounds }, (_, round) => all.reduce((sum, rates) => sum + (rates[round] ?? 0), 0));
    return amount * Math.max(...sums);
  };
}

/** Repeats a loop between two times, together with other threads: how often a second, in each round. */
export function repeatLoop({ module, pages, times, warmUp, rounds, round, threads, arrived }: LoopThread): number[] {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  // Pages nobody wrote are all the same page of zeros, which would be copied from the nearest cache.
  new Uint8Array(memory.buffer).fill(1);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the module was made by loops.ts, which exports it
  const run = exports["run"] as (times: number) => void;
  /** Calls until `milliseconds` have passed; how often a second. */
  const rate = (milliseconds: number): number => {
    const start = performance.now();
    let calls = 0;
    let passed: number;
    do {
      run(times);
      calls++;
      passed = performance.now() - start;
    } while (passed < milliseconds);
    return (calls * times * 1e3) / passed;
  };
  rate(warmUp);
  return Array.from({ length: rounds }, (_, i) => {
    Atomics.add(arrived, 0, 1);
    while (Atomics.load(arrived, 0) < threads * (i + 1));
    return rate(round);
  });
}
