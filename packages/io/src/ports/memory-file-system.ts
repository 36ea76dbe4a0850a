import type { FileSystem, FileWriter } from "./file-system.ts";
import { folderOf, nameOf } from "./path.ts";
import { storageError } from "./storage-error.ts";

interface MemoryFile {
  kind: "file";
  bytes: Uint8Array;
  /** What a power cut leaves: the bytes at the last sync. */
  synced: Uint8Array;
}
interface MemoryFolder {
  kind: "folder";
}
type Entry = MemoryFile | MemoryFolder;

export interface MemoryFileSystem extends FileSystem {
  /**
   * Cuts the power. `"all"`: whatever was not synced is gone, names and contents.
   * `"contents"`: names and renames reached the medium, contents that were not synced did not, as journals may order it.
   */
  powerCut(lose: "all" | "contents"): void;
  /** Every file's path, sorted. */
  files(): readonly string[];
}

/** A file system in memory that tells synced from unsynced, for tests and for pages. `capacity` is in bytes. */
export function memoryFileSystem({ capacity = Number.POSITIVE_INFINITY } = {}): MemoryFileSystem {
  let entries = new Map<string, Entry>([["/", { kind: "folder" }]]);
  let durable = new Map(entries);

  const used = () => {
    let total = 0;
    for (const entry of entries.values()) if (entry.kind === "file") total += entry.bytes.length;
    return total;
  };
  const fileAt = (path: string, action: string): MemoryFile => {
    const entry = entries.get(path);
    if (entry === undefined) throw storageError("missing", path, { action });
    if (entry.kind === "folder") throw storageError("kind", path, { action });
    return entry;
  };
  const needFolder = (path: string, action: string) => {
    const entry = entries.get(path);
    if (entry === undefined) throw storageError("missing", path, { action });
    if (entry.kind === "file") throw storageError("kind", path, { action });
  };
  const add = (path: string, action: string): MemoryFile => {
    needFolder(normalise(folderOf(path)), action);
    const file: MemoryFile = { kind: "file", bytes: new Uint8Array(0), synced: new Uint8Array(0) };
    entries.set(path, file);
    return file;
  };
  const within = (path: string) => [...entries.keys()].filter((key) => key === path || key.startsWith(path === "/" ? "/" : `${path}/`));

  function writer(file: MemoryFile, path: string): FileWriter {
    return {
      write: async (bytes) => {
        const free = capacity - used();
        const room = Math.min(bytes.length, Math.max(0, free));
        const grown = new Uint8Array(file.bytes.length + room);
        grown.set(file.bytes);
        grown.set(bytes.subarray(0, room), file.bytes.length);
        file.bytes = grown;
        if (room < bytes.length) throw storageError("full", path, { action: "write", needed: bytes.length, free });
      },
      sync: async () => {
        file.synced = file.bytes;
      },
      close: async () => {},
    };
  }

  return {
    open: async (given) => {
      const path = normalise(given);
      const { bytes } = fileAt(path, "open");
      return {
        size: bytes.length,
        read: async (offset, length) => {
          if (offset + length > bytes.length) throw storageError("short", path, { action: "read" });
          return bytes.slice(offset, offset + length);
        },
        close: async () => {},
      };
    },
    stat: async (given) => {
      const entry = entries.get(normalise(given));
      if (entry === undefined) return null;
      return { kind: entry.kind, size: entry.kind === "file" ? entry.bytes.length : 0 };
    },
    create: async (given) => {
      const path = normalise(given);
      if (entries.has(path)) throw storageError("exists", path, { action: "create" });
      return writer(add(path, "create"), path);
    },
    append: async (given) => {
      const path = normalise(given);
      return writer(entries.has(path) ? fileAt(path, "append to") : add(path, "append to"), path);
    },
    syncFolder: async (given) => {
      const folder = normalise(given);
      needFolder(folder, "sync");
      for (const path of durable.keys())
        if (path !== "/" && normalise(folderOf(path)) === folder && !entries.has(path)) durable.delete(path);
      for (const [path, entry] of entries) if (path !== "/" && normalise(folderOf(path)) === folder) durable.set(path, entry);
      // What lies deeper may have moved with a renamed folder: its entries were made durable under the old name.
      for (const path of within(folder)) {
        const entry = entries.get(path);
        if (entry !== undefined && wasDurable(durable, entry)) durable.set(path, entry);
      }
    },
    rename: async (givenFrom, givenTo) => {
      const [from, to] = [normalise(givenFrom), normalise(givenTo)];
      const moved = entries.get(from);
      if (moved === undefined) throw storageError("missing", from, { action: "rename" });
      needFolder(normalise(folderOf(to)), "rename");
      const target = entries.get(to);
      if (target?.kind === "folder") throw storageError("exists", to, { action: "rename to" });
      if (target?.kind === "file" && moved.kind === "folder") throw storageError("kind", to, { action: "rename to" });
      for (const key of within(from)) {
        const entry = entries.get(key);
        entries.delete(key);
        if (entry !== undefined) entries.set(to + key.slice(from.length), entry);
      }
    },
    remove: async (given) => {
      for (const key of within(normalise(given))) entries.delete(key);
    },
    list: async (given) => {
      const folder = normalise(given);
      needFolder(folder, "list");
      return [...entries.keys()]
        .filter((path) => path !== "/" && normalise(folderOf(path)) === folder)
        .map(nameOf)
        .sort();
    },
    makeFolder: async (given) => {
      const path = normalise(given);
      const parts = path.split("/").filter((part) => part !== "");
      for (let depth = 1; depth <= parts.length; depth++) {
        const at = `/${parts.slice(0, depth).join("/")}`;
        if (!entries.has(at)) entries.set(at, { kind: "folder" });
        else needFolder(at, "make folder");
      }
    },
    freeBytes: async () => (capacity === Number.POSITIVE_INFINITY ? null : Math.max(0, capacity - used())),
    powerCut: (lose) => {
      const named = lose === "all" ? durable : entries;
      const reachable = (path: string): boolean => path === "/" || (named.has(path) && reachable(normalise(folderOf(path))));
      const survivors = [...named].filter(([path]) => reachable(path));
      // New objects: a writer still open from before the cut must not reach the files that survived it.
      entries = new Map(
        survivors.map(([path, entry]) => [
          path,
          entry.kind === "folder" ? entry : { kind: "file", bytes: entry.synced, synced: entry.synced },
        ]),
      );
      durable = new Map(entries);
    },
    files: () =>
      [...entries]
        .filter(([, entry]) => entry.kind === "file")
        .map(([path]) => path)
        .sort(),
  };
}

function wasDurable(durable: ReadonlyMap<string, Entry>, entry: Entry): boolean {
  for (const known of durable.values()) if (known === entry) return true;
  return false;
}

/** One spelling for a path: from the root, without `.`, `..` or doubled slashes. */
function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}
