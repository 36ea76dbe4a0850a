import { StorageError } from "@gradus/tensor";
import type { Clock } from "./ports/clock.ts";
import { readFile, type FileSystem } from "./ports/file-system.ts";

/** Who holds a lock, and whether another holder still lives. */
export interface LockOwner {
  /** A line that names this process among all that share the folder. */
  readonly id: string;
  /** False only if the holder is known to be gone. */
  isAlive(id: string): Promise<boolean>;
}

export interface LockOptions {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly owner: LockOwner;
  readonly signal?: AbortSignal;
  /** Tries, half a second apart, before giving up with `storage/locked`; 1,200 by default. */
  readonly attempts?: number;
}

/**
 * Runs `work` while holding the lock file `path`, which no two processes hold at once.
 *
 * A lock whose holder is gone is taken over; how old it is decides nothing.
 *
 * @throws StorageError `storage/locked` if another process keeps it.
 */
export async function withLock<T>(
  path: string,
  { fs, clock, owner, signal, attempts = 1200 }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; !(await acquire(fs, path, owner)); attempt++) {
    signal?.throwIfAborted();
    const holder = await holderOf(fs, path);
    if (holder === null) continue;
    if (holder !== "" && !(await owner.isAlive(holder))) {
      await takeAway(fs, path, holder);
      continue;
    }
    if (attempt >= attempts) {
      throw new StorageError("storage/locked", `another process holds ${path}`, {
        facts: { path, holder },
        hint: "wait for it to end, or remove the file if it is gone",
      });
    }
    await clock.sleep(500, signal);
  }
  try {
    return await work();
  } finally {
    await fs.remove(path).catch(() => {});
  }
}

/** A process of this machine, by its number; a holder on another machine counts as alive. */
export async function nodeLockOwner(): Promise<LockOwner> {
  const { hostname } = await import("node:os");
  const { default: process } = await import("node:process");
  const host = hostname();
  return {
    id: `${process.pid} ${host}`,
    isAlive: async (id) => {
      const [, pid, where] = /^(\d{1,10}) (.*)$/s.exec(id) ?? [];
      if (pid === undefined || where !== host) return true;
      try {
        process.kill(Number(pid), 0);
        return true;
      } catch (error) {
        return !(error instanceof Error && "code" in error && error.code === "ESRCH");
      }
    },
  };
}

async function acquire(fs: FileSystem, path: string, owner: LockOwner): Promise<boolean> {
  let file;
  try {
    file = await fs.create(path);
  } catch (error) {
    if (error instanceof StorageError && error.code === "storage/exists") return false;
    throw error;
  }
  try {
    await file.write(new TextEncoder().encode(owner.id));
    await file.close();
  } catch (error) {
    await file.close().catch(() => {});
    await fs.remove(path).catch(() => {});
    throw error;
  }
  return true;
}

/** The holder's line, empty while it is being written, null if the lock has gone meanwhile. */
async function holderOf(fs: FileSystem, path: string): Promise<string | null> {
  try {
    return new TextDecoder().decode(await readFile(fs, path, 1024));
  } catch (error) {
    if (error instanceof StorageError && error.code === "storage/missing") return null;
    throw error;
  }
}

/** Moves a dead holder's lock aside; if a living one's was moved by a race, puts it back. */
async function takeAway(fs: FileSystem, path: string, holder: string): Promise<void> {
  const aside = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    await fs.rename(path, aside);
  } catch (error) {
    if (error instanceof StorageError && error.code === "storage/missing") return;
    throw error;
  }
  if ((await holderOf(fs, aside)) === holder) await fs.remove(aside);
  else await fs.rename(aside, path);
}
