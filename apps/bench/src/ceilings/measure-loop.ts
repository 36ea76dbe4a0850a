import { Worker } from "node:worker_threads";
import type { CeilingLoop } from "./loops.ts";
import type { LoopThread } from "./thread.ts";

/** How long a loop is measured, in milliseconds. */
export interface LoopEffort {
  readonly warmUp: number;
  readonly rounds: number;
  readonly round: number;
}

/** Amount a second of a loop that `threads` threads repeat at once, each on memory of its own: the best of the rounds. */
export async function measureLoop(loop: CeilingLoop, threads: number, effort: LoopEffort): Promise<number> {
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const { module, pages, times, amount } = loop;
  const all = await Promise.all(Array.from({ length: threads }, () => thread({ module, pages, times, threads, arrived, ...effort })));
  const sums = Array.from({ length: effort.rounds }, (_, round) => all.reduce((sum, rates) => sum + (rates[round] ?? 0), 0));
  return amount * Math.max(...sums);
}

async function thread(workerData: LoopThread): Promise<number[]> {
  const worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData });
  try {
    return await new Promise<number[]>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`a thread that measures a ceiling ended with code ${code}`)));
    });
  } finally {
    await worker.terminate();
  }
}
