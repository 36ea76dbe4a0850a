import { join } from "node:path";
import { type Plugin, rolldown } from "rolldown";

/** A page's script and what it loads on demand, by file name. */
export type Bundle = ReadonlyMap<string, string | Uint8Array>;

/** The name of a page's own script in its bundle. */
export const entryName = "page.js";

const pages = join(import.meta.dirname, "pages");
export const peersFolder = join(import.meta.dirname, "../../peers");

/** Bundles `pages/NAME.ts` from the workspace's sources and the installed peers. */
export async function bundlePage(name: string): Promise<Bundle> {
  const bundle = await rolldown({
    input: join(pages, `${name}.ts`),
    platform: "browser",
    resolve: { conditionNames: ["gradus-source", "import", "browser", "default"] },
    // Code for Node, behind questions whether it runs there.
    external: /^node:/,
    plugins: [peers],
    logLevel: "silent",
  });
  const { output } = await bundle.generate({ format: "esm", entryFileNames: entryName });
  return new Map(output.map((part) => [part.fileName, part.type === "chunk" ? part.code : part.source]));
}

const prefix = "peer:";

/** Gives `peer:PACKAGE` an export `peer` with all that the package exports, as the folder of the peers has it. */
const peers: Plugin = {
  name: "peers",
  async resolveId(id, importer) {
    if (id.startsWith(prefix)) return `\0${id}`;
    return importer?.startsWith(`\0${prefix}`) === true ? this.resolve(id, join(peersFolder, "load.ts")) : null;
  },
  load(id) {
    if (!id.startsWith(`\0${prefix}`)) return null;
    return `import * as peer from ${JSON.stringify(id.slice(prefix.length + 1))}; export { peer };`;
  },
};
