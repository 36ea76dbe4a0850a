/** Time for people and for waiting; no protocol decides anything by it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Waits; an aborted signal ends the wait with its reason. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const stop = () => {
          clearTimeout(timer);
          reject(signal?.reason);
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener("abort", stop);
          resolve();
        }, milliseconds);
        signal?.addEventListener("abort", stop, { once: true });
      }),
  };
}

/** A clock for tests: `sleep` moves it forward and returns at once. */
export function memoryClock(start = 0): Clock {
  let time = start;
  return {
    now: () => time,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      time += milliseconds;
    },
  };
}
