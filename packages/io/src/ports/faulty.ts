import type { Clock } from "./clock.ts";
import type { FileReader, FileSystem, FileWriter } from "./file-system.ts";
import type { Network, NetworkResponse } from "./network.ts";

export interface FaultOptions {
  /** Which call fails, counted from 0 over every port that shares these faults. */
  readonly failAt: number;
  /** What it fails with. */
  readonly error: (call: string) => Error;
  /** `"once"`: only that call. `"forever"`: all later ones too, as after a kill or with a disk that is gone. */
  readonly lasts?: "once" | "forever";
}

/**
 * Counts calls and makes the n-th fail. A test loops n from 0 until `fired` stays false:
 * by then every call of the operation has failed once.
 */
export class Faults {
  calls = 0;
  fired = false;
  readonly #options: FaultOptions;

  constructor(options: FaultOptions) {
    this.#options = options;
  }

  /** Counts one call and throws if it is the one that fails. */
  check(call: string): void {
    const { failAt, error, lasts = "once" } = this.#options;
    const index = this.calls++;
    if (index < failAt || (lasts === "once" && index > failAt)) return;
    this.fired = true;
    throw error(call);
  }
}

/** A file system whose n-th call fails, calls on open files included. A failing write leaves half its bytes behind. */
export function faultyFileSystem(fs: FileSystem, faults: Faults): FileSystem {
  const counted = async <T>(call: string, run: () => Promise<T>): Promise<T> => {
    faults.check(call);
    return run();
  };
  const reader = (inner: FileReader, path: string): FileReader => ({
    size: inner.size,
    read: (offset, length) => counted(`read ${path}`, () => inner.read(offset, length)),
    close: () => closing(`close ${path}`, inner),
  });
  const writer = (inner: FileWriter, path: string): FileWriter => ({
    write: async (bytes) => {
      try {
        faults.check(`write ${path}`);
      } catch (error) {
        await inner.write(bytes.subarray(0, bytes.length >> 1));
        throw error;
      }
      await inner.write(bytes);
    },
    sync: () => counted(`sync ${path}`, () => inner.sync()),
    close: () => closing(`close ${path}`, inner),
  });
  // A close that reports an error has still given the handle back.
  const closing = async (call: string, inner: { close(): Promise<void> }) => {
    try {
      faults.check(call);
    } finally {
      await inner.close();
    }
  };
  return {
    open: (path) => counted(`open ${path}`, async () => reader(await fs.open(path), path)),
    stat: (path) => counted(`stat ${path}`, () => fs.stat(path)),
    create: (path) => counted(`create ${path}`, async () => writer(await fs.create(path), path)),
    append: (path) => counted(`append ${path}`, async () => writer(await fs.append(path), path)),
    syncFolder: (path) => counted(`sync folder ${path}`, () => fs.syncFolder(path)),
    rename: (from, to) => counted(`rename ${from} to ${to}`, () => fs.rename(from, to)),
    remove: (path) => counted(`remove ${path}`, () => fs.remove(path)),
    list: (path) => counted(`list ${path}`, () => fs.list(path)),
    makeFolder: (path) => counted(`make folder ${path}`, () => fs.makeFolder(path)),
    freeBytes: (path) => counted(`free bytes of ${path}`, () => fs.freeBytes(path)),
  };
}

/** A network whose n-th call fails; each piece of a body counts as a call. */
export function faultyNetwork(network: Network, faults: Faults): Network {
  return {
    get: async (url, options) => {
      faults.check(`get ${url}`);
      const response = await network.get(url, options);
      return { ...response, body: faultyBody(response, faults) };
    },
  };
}

async function* faultyBody(response: NetworkResponse, faults: Faults): AsyncGenerator<Uint8Array> {
  for await (const piece of response.body) {
    faults.check(`read from ${response.url}`);
    yield piece;
  }
}

/** A clock whose n-th wait fails; `now` cannot fail. */
export function faultyClock(clock: Clock, faults: Faults): Clock {
  return {
    now: () => clock.now(),
    sleep: async (milliseconds, signal) => {
      faults.check(`sleep ${milliseconds}`);
      await clock.sleep(milliseconds, signal);
    },
  };
}
