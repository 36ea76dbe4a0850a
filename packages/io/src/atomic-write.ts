import { StorageError } from "@gradus/tensor";
import type { FileSystem } from "./ports/file-system.ts";
import { folderOf, joinPath, nameOf } from "./ports/path.ts";
import { storageError } from "./ports/storage-error.ts";

export type ByteChunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface AtomicWriteOptions {
  /** Total bytes, when known: a disk with less room fails before anything is written. */
  readonly bytes?: number;
}

/**
 * Writes a file whole or not at all: a temporary `.tmp-*` in the same folder, synced, renamed over `path`, the folder synced.
 *
 * Whatever fails, and at whatever instant, `path` holds its earlier bytes or all of the new ones.
 * On failure the temporary is removed; only a killed process leaves one behind.
 *
 * @throws StorageError from the file system; `storage/full` carries the bytes needed and free.
 */
export async function atomicWrite(fs: FileSystem, path: string, chunks: ByteChunks, { bytes }: AtomicWriteOptions = {}): Promise<void> {
  const folder = folderOf(path);
  if (bytes !== undefined) {
    const free = await fs.freeBytes(path);
    if (free !== null && free < bytes) throw storageError("full", path, { action: "write", needed: bytes, free });
  }
  const temporary = joinPath(folder, `.tmp-${nameOf(path)}-${crypto.randomUUID().slice(0, 8)}`);
  let made = false;
  try {
    const file = await fs.create(temporary);
    made = true;
    try {
      for await (const chunk of chunks) await file.write(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
    made = false;
    await fs.syncFolder(folder);
  } catch (error) {
    // The first failure is the one to report, whatever happens to the removal.
    if (made) await fs.remove(temporary).catch(() => {});
    throw named(error, path, bytes);
  }
}

/** A full disk is reported for the file the caller named, with the whole file's size. */
function named(error: unknown, path: string, bytes: number | undefined): unknown {
  if (!(error instanceof StorageError) || error.code !== "storage/full") return error;
  const { needed, free } = error.facts;
  return storageError("full", path, {
    action: "write",
    ...(bytes !== undefined ? { needed: bytes } : typeof needed === "number" ? { needed } : {}),
    ...(typeof free === "number" ? { free } : {}),
    cause: error,
  });
}
