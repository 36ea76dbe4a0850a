import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { isolation } from "./isolation.ts";
import type { Served } from "./served.ts";

const types: Readonly<Record<string, string>> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };

/** Serves pages by name, and the files below a folder, from a free port. */
export async function serveFiles({
  folder,
  pages,
  isolated,
}: {
  readonly folder: string;
  readonly pages: ReadonlyMap<string, string>;
  readonly isolated: boolean;
}): Promise<Served> {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://127.0.0.1").pathname));
    const type = types[extname(path) || ".html"];
    const body = Promise.resolve(pages.get(path) ?? (type === undefined ? Promise.reject(new Error(path)) : readFile(join(folder, path))));
    body.then(
      (content) => response.writeHead(200, { ...(isolated ? isolation : {}), "Content-Type": type }).end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
