import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { documentWith } from "./document.ts";
import { serveFiles } from "./files.ts";
import type { Serve } from "./served.ts";

const root = join(import.meta.dirname, "..");

/** A bundle by esbuild: the page and its worker, and what both load on demand. */
export const esbuildBundle: Serve = async ({ isolated }) => {
  const folder = join(root, "dist/served/esbuild");
  await rm(folder, { recursive: true, force: true });
  await build({
    entryPoints: ["main", "worker"].map((name) => join(root, "src", `${name}.ts`)),
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    // Behind questions whether this is Node.
    external: ["node:*"],
    logLevel: "warning",
  });
  const document = await documentWith('<script type="module" src="./main.js"></script>');
  return serveFiles({ folder, pages: new Map([["/", document]]), isolated });
};
