/** What a worker is started with. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  /** Byte address of the control words. */
  readonly control: number;
  readonly thread: number;
}

/** What the main thread sends while workers live; each message is counted in the control words, so that workers look for it. */
export type WorkerMessage =
  | { readonly kind: "module"; readonly id: number; readonly module: WebAssembly.Module }
  | { readonly kind: "free"; readonly id: number };

/** Control words, by index from the control address. */
export const controlWords = {
  /** Odd while a run's words are written, even when they stand: what workers sleep on. */
  generation: 0,
  participants: 1,
  executable: 2,
  arena: 3,
  table: 4,
  scratch: 5,
  workspace: 6,
  counters: 7,
  /** Messages sent to each worker so far. */
  messages: 8,
  /** Set by a worker whose code trapped. */
  failed: 9,
  /** By thread: how many messages it has taken in. */
  received: 16,
  /** By thread: the last generation it has done with. */
  finished: 80,
  count: 144,
} as const;

/** The words above have room for this many threads. */
export const mostThreads = 64;

/** How a worker receives messages, on any host. */
export interface WorkerPort {
  onMessage(handle: (message: WorkerMessage) => void): void;
}

/**
 * The whole of a worker thread. It is sent to the worker as source text, so it may use nothing from outside itself.
 *
 * Between runs it looks at the generation word for a while, then sleeps on it in a way that lets messages in.
 */
export function workerMain(start: WorkerStart, port: WorkerPort, words: typeof controlWords): void {
  const { memory, thread } = start;
  type Run = (...args: number[]) => void;
  const programs = new Map<number, Run>();
  const at = start.control / 4;
  let received = 0;
  let view = new Int32Array(memory.buffer);
  const load = (word: number): number => Atomics.load(view, at + word);

  port.onMessage((message) => {
    if (message.kind === "free") programs.delete(message.id);
    else {
      const { exports } = new WebAssembly.Instance(message.module, { env: { memory, clock() {} } });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the main thread checked the same export when it built the module
      programs.set(message.id, exports["run"] as Run);
      view = new Int32Array(memory.buffer);
    }
    Atomics.store(view, at + words.received + thread, ++received);
  });

  const letMessagesIn = (): Promise<void> =>
    new Promise((resolve) => (typeof setImmediate === "function" ? setImmediate(resolve) : setTimeout(resolve, 0)));
  const serve = async (): Promise<void> => {
    let seen = load(words.generation);
    for (;;) {
      if (received !== load(words.messages)) await letMessagesIn();
      let generation = load(words.generation);
      for (let turn = 0; turn < 20_000 && (generation === seen || generation % 2 !== 0); turn++) generation = load(words.generation);
      if (generation === seen) {
        // Where there is no waitAsync the sleep is short, because messages cannot end it.
        if (typeof Atomics.waitAsync !== "function") Atomics.wait(view, at + words.generation, seen, 20);
        else {
          const waiting = Atomics.waitAsync(view, at + words.generation, seen);
          if (waiting.async) await waiting.value;
        }
        continue;
      }
      if (generation % 2 !== 0) continue;
      const participants = load(words.participants);
      const id = load(words.executable);
      const counters = load(words.counters);
      const rest = [load(words.arena), load(words.table), load(words.scratch), load(words.workspace)];
      // The words belong together only if no new run began while they were read.
      if (load(words.generation) !== generation) continue;
      seen = generation;
      if (thread >= participants) continue;
      try {
        const run = programs.get(id);
        if (run === undefined) throw new RangeError("a run of a plan that was not received");
        run(thread, participants, 1, ...rest, counters);
      } catch {
        // Lets the others through every barrier; the main thread then reports the failure.
        Atomics.store(view, at + words.failed, 1);
        Atomics.store(view, counters / 4, 1 << 30);
        Atomics.notify(view, counters / 4);
      } finally {
        Atomics.store(view, at + words.finished + thread, generation);
      }
    }
  };
  void serve();
}
