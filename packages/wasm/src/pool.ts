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
export type StartWorker = (start: WorkerStart, onFailure: (why?: string) => void) => WorkerHandle | Promise<WorkerHandle>;

/**
 * The worker threads of one backend. Workers sleep on one word; a run writes its words, bumps that one, and takes part
 * itself as thread 0. A plan the workers have not received yet runs on the main thread alone, so nothing ever waits for them.
 */
export class Pool {
  readonly threads: number;
  readonly #memory: WebAssembly.Memory;
  readonly #workers: WorkerHandle[] = [];
  readonly #starting: Promise<void>;
  readonly #waiting: WorkerMessage[] = [];
  readonly #words: Int32Array;
  #sent = 0;
  #broken = false;

  constructor(memory: WebAssembly.Memory, control: number, threads: number, start: StartWorker) {
    this.#memory = memory;
    this.threads = threads;
    this.#words = new Int32Array(memory.buffer, control, controlWords.count).fill(0);
    const fail = (why?: unknown): void => {
      const reason = why instanceof Error ? why.message : typeof why === "string" ? why : "it says no more";
      if (!this.#broken) console.warn(`gradus: a worker thread does not start, or died (${reason}); computing on one thread from now on.`);
      this.stop();
      this.#waiting.length = 0;
    };
    const started = Array.from({ length: threads - 1 }, async (_, i) => {
      const worker = await start({ memory, control, thread: i + 1 }, fail);
      if (this.#broken) worker.stop();
      else this.#workers.push(worker);
    });
    this.#starting = Promise.all(started).then(() => {
      for (const message of this.#waiting.splice(0)) this.#post(message);
    }, fail);
  }

  /** Resolves when every worker runs and has taken in every plan prepared so far, or when it is known that one never will. */
  async ready(): Promise<void> {
    await this.#starting;
    const all = this.#sent;
    while (!this.broken && !this.received(all)) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Whether a worker could not start, died or trapped, or all were stopped: from then on everything runs on the main thread. */
  get broken(): boolean {
    return this.#broken || Atomics.load(this.#words, controlWords.failed) !== 0;
  }

  /** Sends a message to every worker, now or when they have started; returns its number. */
  send(message: WorkerMessage): number {
    if (this.#broken) return 0;
    if (this.#workers.length < this.threads - 1) this.#waiting.push(message);
    else this.#post(message);
    return ++this.#sent;
  }

  /** Whether every worker has taken in the message of this number, and those before it. */
  received(number: number): boolean {
    for (let thread = 1; thread < this.threads; thread++)
      if (Atomics.load(this.#words, controlWords.received + thread) < number) return false;
    return true;
  }

  /** Publishes a run to the workers. */
  launch(run: Launching): void {
    const words = this.#words;
    const generation = Atomics.load(words, controlWords.generation);
    Atomics.store(words, controlWords.generation, generation + 1);
    Atomics.store(words, controlWords.participants, run.participants);
    Atomics.store(words, controlWords.executable, run.executable);
    Atomics.store(words, controlWords.arena, run.arena);
    Atomics.store(words, controlWords.table, run.table);
    Atomics.store(words, controlWords.scratch, run.scratch);
    Atomics.store(words, controlWords.workspace, run.workspace);
    Atomics.store(words, controlWords.counters, run.counters);
    Atomics.store(words, controlWords.generation, generation + 2);
    Atomics.notify(words, controlWords.generation);
  }

  /**
   * Ends a run that failed on this thread or another: lets every worker through its barriers, and returns when none
   * touches memory any more, or when one that seems dead has been waited for long enough.
   */
  abandon(counters: number): void {
    const barrier = new Int32Array(this.#memory.buffer, counters, 1);
    Atomics.store(barrier, 0, 1 << 30);
    Atomics.notify(barrier, 0);
    const generation = Atomics.load(this.#words, controlWords.generation);
    for (let thread = 1; thread < this.threads; thread++) {
      let turns = 0;
      while (Atomics.load(this.#words, controlWords.finished + thread) !== generation) {
        if (++turns < patience) continue;
        this.#broken = true;
        return;
      }
    }
  }

  stop(): void {
    this.#broken = true;
    for (const worker of this.#workers.splice(0)) worker.stop();
  }

  #post(message: WorkerMessage): void {
    // Counted first: a worker that sees the count lets messages in before it looks for its next run.
    Atomics.add(this.#words, controlWords.messages, 1);
    for (const worker of this.#workers) worker.post(message);
  }
}

/** Looks at a worker's word, a few seconds' worth, before it is given up. */
const patience = 1 << 30;

/** Worker threads of this host: `node:worker_threads`, or web workers made from a blob, so that no bundler has a file to lose. */
export const startHostWorker: StartWorker = async (start, onFailure) => {
  const words = JSON.stringify(controlWords);
  const main = workerMain.toString();
  if (typeof process === "object" && typeof process.versions?.node === "string") {
    const { Worker } = await import("node:worker_threads");
    const code = `const { workerData, parentPort } = require("node:worker_threads");(${main})(workerData, { onMessage: (handle) => parentPort.on("message", handle) }, ${words});`;
    // Without the program's own flags: under --input-type=module this code would not be the script it is.
    const worker = new Worker(code, { eval: true, workerData: start, execArgv: [] });
    worker.unref();
    worker.on("error", (error) => onFailure(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => onFailure(`exit code ${code}`));
    return { post: (message) => worker.postMessage(message), stop: () => void worker.terminate() };
  }
  const code = `onmessage = ({ data }) => { const queue = []; let take = (m) => queue.push(m); onmessage = ({ data: m }) => take(m); (${main})(data, { onMessage: (handle) => { take = handle; queue.forEach(handle); } }, ${words}); };`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.addEventListener("error", (event) => {
    // Training goes on without it: to the page this is no error.
    event.preventDefault();
    onFailure(event.message);
  });
  worker.postMessage(start);
  return {
    post: (message) => worker.postMessage(message),
    stop: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
};
