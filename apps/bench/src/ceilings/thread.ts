// A thread that repeats a loop between two times, together with others: started by `measure-loop.ts`.
import { parentPort, workerData } from "node:worker_threads";

/** What a thread is started with. */
export interface LoopThread {
  readonly module: WebAssembly.Module;
  readonly pages: number;
  readonly times: number;
  readonly warmUp: number;
  readonly rounds: number;
  /** Milliseconds of a round. */
  readonly round: number;
  readonly threads: number;
  /** Threads that have arrived, over all rounds. */
  readonly arrived: Int32Array<SharedArrayBuffer>;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- started by measure-loop.ts alone, with this
const { module, pages, times, warmUp, rounds, round, threads, arrived } = workerData as LoopThread;
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
// Pages nobody wrote are all the same page of zeros, which would be copied from the nearest cache.
new Uint8Array(memory.buffer).fill(1);
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the module was made by loops.ts, which exports it
const run = exports["run"] as (times: number) => void;

/** Calls until `milliseconds` have passed; how often a second. */
function rate(milliseconds: number): number {
  const start = performance.now();
  let calls = 0;
  let passed: number;
  do {
    run(times);
    calls++;
    passed = performance.now() - start;
  } while (passed < milliseconds);
  return (calls * times * 1e3) / passed;
}

rate(warmUp);
const rates: number[] = [];
for (let i = 0; i < rounds; i++) {
  Atomics.add(arrived, 0, 1);
  while (Atomics.load(arrived, 0) < threads * (i + 1));
  rates.push(rate(round));
}
parentPort?.postMessage(rates);
