// A worker that repeats a loop between two times, together with others: started by `host.ts`.
import { type LoopThread, repeatLoop } from "../../ceilings/repeat-loop.ts";

addEventListener("message", ({ data }: MessageEvent<LoopThread>) => postMessage(repeatLoop(data)));
