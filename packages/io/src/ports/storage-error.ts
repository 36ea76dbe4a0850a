import { StorageError } from "@gradus/tensor";

export type StorageProblem = "missing" | "exists" | "denied" | "full" | "kind" | "short" | "failed";

const sentences: Record<StorageProblem, string> = {
  missing: "no such file or folder",
  exists: "something of that name exists already",
  denied: "the system does not allow it",
  full: "no space is left on the device",
  kind: "a folder stands where a file is expected, or the other way round",
  short: "the file ends before the bytes asked for",
  failed: "the file system failed",
};

const hints: Partial<Record<StorageProblem, string>> = {
  denied: "check who owns the folder and whether it may be written",
  full: "free some space or write to another folder",
};

export interface StorageDetail {
  /** What was being done, as a verb: `write`, `rename`. */
  readonly action: string;
  /** Bytes the operation needs, when space ran out. */
  readonly needed?: number;
  /** Bytes free, when space ran out and the host says. */
  readonly free?: number | null;
  readonly cause?: unknown;
}

/** Makes the `StorageError` for one kind of problem, with the path and, for a full disk, bytes needed and free. */
export function storageError(problem: StorageProblem, path: string, { action, needed, free, cause }: StorageDetail): StorageError {
  const hint = hints[problem];
  return new StorageError(`storage/${problem}`, `cannot ${action} ${path}: ${sentences[problem]}`, {
    facts: { path, ...(needed === undefined ? {} : { needed }), ...(free === undefined || free === null ? {} : { free }) },
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}
