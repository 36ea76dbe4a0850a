import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { relative, resolve } from "node:path";
import { constants, gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const ENTRY = "gradus:entry";
const BUILT_IN = new Set(builtinModules);

/** What a page loads of a bundle, minified and gzipped, in bytes. */
export interface BundleSize {
  /** Before it runs. */
  readonly atFirst: number;
  /** What its `import()` calls ask for, if all are made. */
  readonly onDemand: number;
}

/** Bundles `entries`, files or packages as `root` sees them, as one module that keeps all they export. Node's own modules and the packages in `beside` stay outside. */
export async function gzippedSize(root: string, entries: readonly string[], beside: readonly string[] = []): Promise<BundleSize> {
  const size = { atFirst: 0, onDemand: 0 };
  for (const { atFirst, content } of await bundled(root, entries, beside)) {
    size[atFirst ? "atFirst" : "onDemand"] += gzipSync(content, { level: constants.Z_BEST_COMPRESSION }).length;
  }
  return size;
}

/** The files whose code a page loads before it runs `entries`, relative to `root`. */
export async function modulesAtFirst(root: string, entries: readonly string[]): Promise<readonly string[]> {
  const parts = await bundled(root, entries, []);
  return parts.flatMap(({ atFirst, modules }) => (atFirst ? modules.map((path) => relative(root, path)) : []));
}

interface Part {
  readonly atFirst: boolean;
  readonly content: string | Uint8Array;
  readonly modules: readonly string[];
}

async function bundled(root: string, entries: readonly string[], beside: readonly string[]): Promise<readonly Part[]> {
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
  const chunks = new Map(output.flatMap((part) => (part.type === "chunk" ? [[part.fileName, part] as const] : [])));
  const first = new Set<string>();
  const load = (name: string): void => {
    const chunk = chunks.get(name);
    if (chunk === undefined || first.has(name)) return;
    first.add(name);
    chunk.imports.forEach(load);
  };
  for (const [name, { isEntry }] of chunks) if (isEntry) load(name);
  return output.map((part) => ({
    atFirst: part.type === "chunk" && first.has(part.fileName),
    content: part.type === "chunk" ? part.code : part.source,
    modules:
      part.type === "chunk" ? Object.entries(part.modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : [])) : [],
  }));
}

function fileOrPackage(root: string, entry: string): string {
  const path = resolve(root, entry);
  return existsSync(path) ? path : entry;
}
