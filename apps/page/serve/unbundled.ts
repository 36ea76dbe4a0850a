import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { documentWith } from "./document.ts";
import { serveFiles } from "./files.ts";
import type { Serve } from "./served.ts";

const workspace = join(import.meta.dirname, "../../..");

/** No bundler: the modules that the packages publish, found by an import map. */
export const unbundled: Serve = async ({ isolated }) => {
  const imports = Object.fromEntries(await addressesOf("gradus"));
  const document = await documentWith(
    `<script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="/apps/page/dist/unbundled.js"></script>`,
  );
  return serveFiles({ folder: workspace, pages: new Map([["/", document]]), isolated });
};

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Where each name that a package of the workspace may be imported by is served, its dependencies' names included. */
async function addressesOf(name: string, known = new Map<string, string>()): Promise<ReadonlyMap<string, string>> {
  const folder = `packages/${name.replace("@gradus/", "")}`;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own packages' manifests, which the packing test judges
  const { exports, dependencies = {} } = JSON.parse(await readFile(join(workspace, folder, "package.json"), "utf8")) as Manifest;
  for (const [path, targets] of Object.entries(exports)) known.set(join(name, path), `/${join(folder, targets.default)}`);
  for (const dependency of Object.keys(dependencies))
    if (dependency.startsWith("@gradus/") && !known.has(dependency)) await addressesOf(dependency, known);
  return known;
}
