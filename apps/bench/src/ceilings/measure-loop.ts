import { Worker } from "node:worker_threads";
import { measureLoopOn } from "./repeat-loop.ts";

/** Measures a loop on threads of this process. */
export const measureLoop = measureLoopOn(async (workerData) => {
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
});
