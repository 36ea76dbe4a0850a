import type { FileHandle } from "node:fs/promises";
import type { FileReader, FileSystem, FileWriter } from "./file-system.ts";
import { folderOf } from "./path.ts";
import { storageError, type StorageProblem } from "./storage-error.ts";

/** The host's file system, in Node, Deno and Bun. Importing this file touches no Node module; the first call does. */
export function nodeFileSystem(): FileSystem {
  const promises = () => import("node:fs/promises");

  async function freeBytes(path: string): Promise<number | null> {
    const { statfs } = await promises();
    // The path itself may not exist yet: the nearest folder above that does decides.
    for (let at = path, above = folderOf(at); ; at = above, above = folderOf(at)) {
      try {
        const { bavail, bsize } = await statfs(at);
        return bavail * bsize;
      } catch {
        if (above === at) return null;
      }
    }
  }

  /** Runs one call and turns its errno into a `StorageError`. */
  async function attempt<T>(action: string, path: string, call: () => Promise<T>, needed?: number): Promise<T> {
    try {
      return await call();
    } catch (cause) {
      const problem = problemOf(cause);
      if (problem !== "full") throw storageError(problem, path, { action, cause });
      const free = await freeBytes(path);
      throw storageError(problem, path, { action, free, cause, ...(needed === undefined ? {} : { needed }) });
    }
  }

  function reader(handle: FileHandle, path: string, size: number): FileReader {
    return {
      size,
      read: async (offset, length) => {
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const { bytesRead } = await attempt("read", path, () => handle.read(bytes, done, length - done, offset + done));
          if (bytesRead === 0) throw storageError("short", path, { action: "read" });
          done += bytesRead;
        }
        return bytes;
      },
      close: () => attempt("close", path, () => handle.close()),
    };
  }

  function writer(handle: FileHandle, path: string): FileWriter {
    return {
      write: async (bytes) => {
        let done = 0;
        while (done < bytes.length) {
          const { bytesWritten } = await attempt("write", path, () => handle.write(bytes, done, bytes.length - done), bytes.length);
          done += bytesWritten;
        }
      },
      sync: () => attempt("sync", path, () => handle.sync()),
      close: () => attempt("close", path, () => handle.close()),
    };
  }

  return {
    open: (path) =>
      attempt("open", path, async () => {
        const handle = await (await promises()).open(path, "r");
        const stat = await handle.stat();
        if (stat.isFile()) return reader(handle, path, stat.size);
        await handle.close();
        throw storageError("kind", path, { action: "open" });
      }),
    stat: (path) =>
      attempt("look at", path, async () => {
        try {
          const stat = await (await promises()).stat(path);
          return stat.isDirectory() ? { kind: "folder", size: 0 } : { kind: "file", size: stat.size };
        } catch (cause) {
          if (problemOf(cause) === "missing") return null;
          throw cause;
        }
      }),
    create: (path) => attempt("create", path, async () => writer(await (await promises()).open(path, "wx"), path)),
    append: (path) => attempt("append to", path, async () => writer(await (await promises()).open(path, "a"), path)),
    syncFolder: (path) =>
      attempt("sync", path, async () => {
        // Windows neither needs nor allows a folder to be synced.
        if ((await import("node:process")).platform === "win32") return;
        const handle = await (await promises()).open(path, "r");
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
      }),
    rename: (from, to) => attempt("rename", `${from} to ${to}`, async () => (await promises()).rename(from, to)),
    remove: (path) => attempt("remove", path, async () => (await promises()).rm(path, { recursive: true, force: true })),
    list: (path) => attempt("list", path, async () => (await (await promises()).readdir(path)).sort()),
    makeFolder: (path) =>
      attempt("make folder", path, async () => {
        await (await promises()).mkdir(path, { recursive: true });
      }),
    freeBytes,
  };
}

const problems: Readonly<Record<string, StorageProblem>> = {
  ENOENT: "missing",
  EEXIST: "exists",
  ENOTEMPTY: "exists",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ENOSPC: "full",
  EDQUOT: "full",
  EISDIR: "kind",
  ENOTDIR: "kind",
};

function problemOf(cause: unknown): StorageProblem {
  if (!(cause instanceof Error)) return "failed";
  const code = "code" in cause ? cause.code : undefined;
  if (typeof code !== "string") return "failed";
  if (code.startsWith("storage/")) return "kind";
  return Object.hasOwn(problems, code) ? (problems[code] ?? "failed") : "failed";
}
