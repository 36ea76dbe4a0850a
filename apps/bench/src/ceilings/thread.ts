// A thread that repeats a loop between two times, together with others: started by `measure-loop.ts`.
import { parentPort, workerData } from "node:worker_threads";
import { type LoopThread, repeatLoop } from "./repeat-loop.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- started by measure-loop.ts alone, with this
parentPort?.postMessage(repeatLoop(workerData as LoopThread));
