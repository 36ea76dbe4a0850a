import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, createServer } from "vite";
import { serveFiles } from "./files.ts";
import { isolation } from "./isolation.ts";
import type { Serve } from "./served.ts";

const root = join(import.meta.dirname, "..");

/** Vite's development server: modules as they are, each fetched by itself. */
export const viteDev: Serve = async ({ isolated }) => {
  const headers = isolated ? isolation : {};
  const server = await createServer({ root, configFile: false, logLevel: "error", server: { host: "127.0.0.1", headers } });
  await server.listen();
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error("Vite serves nothing");
  return { url, close: () => server.close() };
};

/** What `vite build` writes. */
export const viteBuild: Serve = async ({ isolated }) => {
  const folder = join(root, "dist/served/vite");
  await build({ root, logLevel: "error", build: { outDir: folder, emptyOutDir: true } });
  return serveFiles({ folder, pages: new Map([["/", await readFile(join(folder, "index.html"), "utf8")]]), isolated });
};
