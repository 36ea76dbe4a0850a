import { StorageError } from "@gradus/tensor";

/** What `stat` says of a path. */
export interface FileStat {
  readonly kind: "file" | "folder";
  /** Bytes; 0 for a folder. */
  readonly size: number;
}

/** An open file to read from, at any offset and in any order. */
export interface FileReader {
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /** Reads exactly `length` bytes from `offset`; a file that ends sooner is a `StorageError`. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** An open file to append to. */
export interface FileWriter {
  /** Writes all of `bytes`, or fails with an unknown part of them written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Returns once everything written is on the medium (fsync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The few file operations Gradus needs, so that tests can make any one of them fail.
 *
 * Paths are written with `/`. Every failure is a `StorageError` whose code says what kind:
 * `storage/missing`, `storage/exists`, `storage/denied`, `storage/full`, `storage/kind`, `storage/failed`;
 * its facts name the path, and for a full disk the bytes needed and free.
 */
export interface FileSystem {
  open(path: string): Promise<FileReader>;
  /** Kind and size, or null where nothing is. */
  stat(path: string): Promise<FileStat | null>;
  /** Makes a new file; one that exists already is `storage/exists` and is not touched. */
  create(path: string): Promise<FileWriter>;
  /** Opens a file at its end, making it if need be. */
  append(path: string): Promise<FileWriter>;
  /** Returns once the folder's entries (new names, renames, removals) are on the medium. */
  syncFolder(path: string): Promise<void>;
  /** Moves a file or folder; a file in the way is replaced in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all it holds; nothing there is no error. */
  remove(path: string): Promise<void>;
  /** Names in a folder, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** Makes a folder and those above it; one that exists is no error. */
  makeFolder(path: string): Promise<void>;
  /** Free bytes where `path`'s folder lies, or null where the host does not say. */
  freeBytes(path: string): Promise<number | null>;
}

/** Reads a whole file of at most `maxBytes`. Throws `storage/too-large` before reading a longer one. */
export async function readFile(fs: FileSystem, path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await fs.open(path);
  try {
    if (file.size > maxBytes) {
      throw new StorageError("storage/too-large", `the file has ${file.size} bytes and at most ${maxBytes} are read`, {
        subject: path,
        facts: { path },
      });
    }
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** Reads a file from `offset` to its end, a piece at a time. */
export async function* readChunks(fs: FileSystem, path: string, { offset = 0, chunkBytes = 1 << 20 } = {}): AsyncGenerator<Uint8Array> {
  const file = await fs.open(path);
  try {
    for (let at = offset; at < file.size; at += chunkBytes) yield await file.read(at, Math.min(chunkBytes, file.size - at));
  } finally {
    await file.close();
  }
}
