import { folderOf, joinPath, nodeFileSystem, storageError } from "@gradus/io";

/**
 * Makes sure, before any work is done, that a file can be written where it is asked for.
 *
 * @throws StorageError
 */
export async function checkWritable(path: string): Promise<void> {
  const fs = nodeFileSystem();
  if ((await fs.stat(path))?.kind === "folder") throw storageError("kind", path, { action: "write" });
  const probe = joinPath(folderOf(path), `.tmp-probe-${crypto.randomUUID().slice(0, 8)}`);
  try {
    await (await fs.create(probe)).close();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : "";
    throw storageError(code === "storage/missing" || code === "storage/kind" ? "missing" : code === "storage/full" ? "full" : "denied", path, { action: "write", cause });
  }
  await fs.remove(probe);
}
