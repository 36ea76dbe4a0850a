/** Joins a folder and a name with one slash, which every supported system understands. */
export function joinPath(folder: string, name: string): string {
  if (folder === "") return name;
  return folder.endsWith("/") || folder.endsWith("\\") ? folder + name : `${folder}/${name}`;
}

/** The folder a path lies in: `"a/b"` for `"a/b/c"`, `"."` for a bare name, `"/"` at the root. */
export function folderOf(path: string): string {
  const cut = lastSeparator(path);
  if (cut < 0) return ".";
  return cut === 0 ? "/" : path.slice(0, cut);
}

/** The last part of a path: `"c"` for `"a/b/c"`. */
export function nameOf(path: string): string {
  return path.slice(lastSeparator(path) + 1);
}

function lastSeparator(path: string): number {
  // A backslash is an ordinary character in a POSIX name; it separates only in a path that begins as Windows paths do.
  const windows = /^([A-Za-z]:|\\\\)/.test(path);
  return windows ? Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) : path.lastIndexOf("/");
}
