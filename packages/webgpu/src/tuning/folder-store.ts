import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { homedir } from "node:os";
import type { TuningStore } from "./choices.ts";

/** A file is not read beyond this many bytes. */
const mostBytes = 1 << 20;

/** Where a user's programs keep what can be made again. */
export function tuningFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "gradus", "tuning");
}

/** Choices in a folder, a file for each adapter: written beside it and renamed, so that there is never half of one. */
export function folderTuningStore(folder: string = tuningFolder()): TuningStore {
  const path = (name: string): string => join(folder, `${name.replaceAll(/[^A-Za-z0-9]+/g, "-")}.json`);
  return {
    async load(name) {
      const file = await open(path(name)).catch(() => null);
      if (file === null) return null;
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes + 1), 0, mostBytes + 1, 0);
        return bytesRead > mostBytes ? null : buffer.toString("utf8", 0, bytesRead);
      } finally {
        await file.close();
      }
    },
    async save(name, text) {
      await mkdir(folder, { recursive: true });
      const temporary = join(folder, `.tmp-${crypto.randomUUID()}`);
      try {
        const file = await open(temporary, "wx");
        try {
          await file.writeFile(text);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path(name));
      } finally {
        await rm(temporary, { force: true });
      }
    },
  };
}
