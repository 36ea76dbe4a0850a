import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { resolve } from "node:path";
import { constants, gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const ENTRY = "gradus:entry";
const BUILT_IN = new Set(builtinModules);

/**
 * Bundles `entries`, files or packages as `root` sees them, as one module that keeps all they export, minifies it and returns its gzipped size in bytes.
 * Chunks loaded on demand count too. Node's own modules and the packages in `beside` stay outside.
 */
export async function gzippedSize(root: string, entries: readonly string[], beside: readonly string[] = []): Promise<number> {
  const bundle = await rolldown({
    input: ENTRY,
    cwd: root,
    platform: "browser",
    external: (id) => id.startsWith("node:") || BUILT_IN.has(id) || beside.includes(id),
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) =>
          id === ENTRY
            ? entries.map((entry, i) => `export * as part${i} from ${JSON.stringify(fileOrPackage(root, entry))};`).join("\n")
            : null,
      },
    ],
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  return output.reduce(
    (bytes, part) => bytes + gzipSync(part.type === "chunk" ? part.code : part.source, { level: constants.Z_BEST_COMPRESSION }).length,
    0,
  );
}

function fileOrPackage(root: string, entry: string): string {
  const path = resolve(root, entry);
  return existsSync(path) ? path : entry;
}
