import { controlWords, type WorkerMessage, workerMain, type WorkerStart } from "./worker.ts";

/** What one run tells the workers. */
export interface Launching {
  readonly executable: number;
  readonly participants: number;
  readonly arena: number;
  readonly table: number;
  readonly scratch: number;
  readonly workspace: number;
  readonly counters: number;
}

/** A worker thread on whatever host this is. */
export interface WorkerHandle {
  post(message: WorkerMessage): void;
  stop(): void;
}

/** Starts a worker thread: the port that tests replace. */
export type StartWorker = (start: WorkerStart, onFailure: () => void) => WorkerHandle | Promise<WorkerHandle>;

/**
 * The worker threads of one backend. Workers sleep on one word; a run writes its words, bumps that one, and takes part
 * itself as thread 0. A plan the workers have not received yet runs on the main thread alone, so nothing ever waits for them.
 */
export class Pool {
  readonly threads: number;
  readonly #memory: WebAssembly.Memory;
  readonly #control: number;
  readonly #workers: WorkerHandle[] = [];
  readonly #starting: Promise<void>;
  readonly #waiting: WorkerMessage[] = [];
  #broken = false;
  #stopped = false;

  constructor(memory: WebAssembly.Memory, control: number, threads: number, start: StartWorker) {
    this.#memory = memory;
    this.#control = control;
    this.threads = threads;
    new Int32Array(memory.buffer, control, controlWords.count).fill(0);
    const fail = (): void => {
      this.#broken = true;
    };
    const started = Array.from({ length: threads - 1 }, async (_, i) => {
      const worker = await start({ memory, control, thread: i + 1 }, fail);
      if (this.#stopped) worker.stop();
      else this.#workers.push(worker);
    });
    this.#starting = Promise.all(started).then(() => {
      for (const message of this.#waiting.splice(0)) this.send(message);
    }, fail);
  }

  /** Resolves when every worker runs. */
  async ready(): Promise<void> {
    await this.#starting;
  }

  /** Whether a worker died or trapped: from then on everything runs on the main thread. */
  get broken(): boolean {
    return this.#broken || this.#word(controlWords.failed) !== 0;
  }

  send(message: WorkerMessage): void {
    if (this.#workers.length < this.threads - 1) {
      this.#waiting.push(message);
      return;
    }
    Atomics.add(this.#words(), controlWords.messages, 1);
    for (const worker of this.#workers) worker.post(message);
    // Wakes sleepers, who see no new run and go back to sleep; in between they take the message in.
  }

  /** Publishes a run to the workers. */
  launch(run: Launching): void {
    const words = this.#words();
    const generation = Atomics.load(words, controlWords.generation);
    Atomics.store(words, controlWords.generation, generation + 1);
    words[controlWords.participants] = run.participants;
    words[controlWords.executable] = run.executable;
    words[controlWords.arena] = run.arena;
    words[controlWords.table] = run.table;
    words[controlWords.scratch] = run.scratch;
    words[controlWords.workspace] = run.workspace;
    words[controlWords.counters] = run.counters;
    Atomics.store(words, controlWords.generation, generation + 2);
    Atomics.notify(words, controlWords.generation);
  }

  stop(): void {
    this.#stopped = true;
    for (const worker of this.#workers.splice(0)) worker.stop();
  }

  #words(): Int32Array {
    return new Int32Array(this.#memory.buffer, this.#control, controlWords.count);
  }

  #word(index: number): number {
    return Atomics.load(this.#words(), index);
  }
}

/** Worker threads of this host: `node:worker_threads`, or web workers made from a blob, so that no bundler has a file to lose. */
export const startHostWorker: StartWorker = async (start, onFailure) => {
  const words = JSON.stringify(controlWords);
  const main = workerMain.toString();
  if (typeof process === "object" && typeof process.versions?.node === "string") {
    const { Worker } = await import("node:worker_threads");
    const code = `const { workerData, parentPort } = require("node:worker_threads");(${main})(workerData, { onMessage: (handle) => parentPort.on("message", handle) }, ${words});`;
    const worker = new Worker(code, { eval: true, workerData: start });
    worker.unref();
    worker.on("error", onFailure);
    return { post: (message) => worker.postMessage(message), stop: () => void worker.terminate() };
  }
  const code = `onmessage = ({ data }) => { const queue = []; let take = (m) => queue.push(m); onmessage = ({ data: m }) => take(m); (${main})(data, { onMessage: (handle) => { take = handle; queue.forEach(handle); } }, ${words}); };`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.addEventListener("error", onFailure);
  worker.postMessage(start);
  return {
    post: (message) => worker.postMessage(message),
    stop: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
};
