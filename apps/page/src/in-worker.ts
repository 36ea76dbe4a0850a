import type { News, Training } from "./train.ts";
import type { Message } from "./worker.ts";

/** Trains in a worker, so that the page stays free to paint and to be clicked. */
export function trainInWorker(training: Training, tell: (news: News) => void): Promise<void> {
  // The name it has once compiled; Vite finds the source by it.
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const ended = new Promise<void>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      if (data.kind === "failed") reject(new Error(data.why));
      else tell(data);
      if (data.kind === "done") resolve();
    });
    // The event of a script that cannot be loaded carries no message.
    worker.addEventListener("error", ({ message }) => reject(new Error(message ?? "the worker's script cannot be loaded")));
    worker.postMessage(training);
  });
  return ended.finally(() => worker.terminate());
}
