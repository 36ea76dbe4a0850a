import { readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { type Bundle, bundlePage, entryName, peersFolder } from "./bundle-page.ts";

/** What makes a page cross-origin isolated, so that it may share memory with workers and has a clock of 5 µs. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".bin": "application/octet-stream",
};

/**
 * Serves the libraries' pages on this machine alone: `/pages/NAME/` with its scripts, bundled when first asked for; `/peers/...`, files that
 * peers fetch; and `/arrays/N/...`, which reads and writes the files of a folder that was shared as N.
 */
export class PageServer {
  readonly #server: Server;
  readonly #bundles = new Map<string, Promise<Bundle>>();
  readonly #shared: string[] = [];

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<PageServer> {
    const server = new PageServer();
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", reject);
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  /** Where a library's page is. */
  pageUrl(name: string): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the server of the pages has been stopped");
    return `http://127.0.0.1:${address.port}/pages/${name}/`;
  }

  /** Lets pages read and write `.bin` files of a folder; returns its path on the server. */
  share(folder: string): string {
    const known = this.#shared.indexOf(folder);
    return `/arrays/${known < 0 ? this.#shared.push(folder) - 1 : known}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const path = decodeURIComponent(new URL(request.url ?? "/", "http://127.0.0.1").pathname);
      const body = request.method === "PUT" ? await this.#take(path, request) : await this.#find(path);
      const type = types[extname(path) === "" ? ".html" : extname(path)] ?? "application/octet-stream";
      if (body === null) response.writeHead(404, isolation).end();
      else response.writeHead(200, { ...isolation, "Content-Type": type, "Cache-Control": "no-store" }).end(body);
    } catch (error) {
      response.writeHead(500, isolation).end(error instanceof Error ? error.message : String(error));
    }
  }

  async #find(path: string): Promise<string | Uint8Array | null> {
    const [, root = "", ...rest] = path.split("/");
    if (root === "pages") {
      const [name = "", file = ""] = rest;
      if (!/^[\w-]+$/.test(name)) return null;
      return file === "" ? html(name) : ((await this.#bundle(name)).get(file) ?? null);
    }
    const file = root === "peers" ? peerFile(rest) : this.#arrayFile(path);
    return file === null ? null : readFile(file);
  }

  async #take(path: string, request: IncomingMessage): Promise<string | null> {
    const file = this.#arrayFile(path);
    if (file === null) return null;
    await writeFile(file, request);
    return "";
  }

  #arrayFile(path: string): string | null {
    const [, index, name] = /^\/arrays\/(\d+)\/([\w-]+\.bin)$/.exec(path) ?? [];
    const folder = this.#shared[Number(index ?? -1)];
    return folder === undefined || name === undefined ? null : join(folder, name);
  }

  async #bundle(name: string): Promise<Bundle> {
    const bundle = this.#bundles.get(name) ?? bundlePage(name);
    this.#bundles.set(name, bundle);
    return bundle;
  }
}

/** A file of an installed package, and nothing above its folder. */
function peerFile(parts: readonly string[]): string | null {
  const path = normalize(parts.join("/"));
  return path.startsWith("..") || ![".js", ".mjs", ".wasm"].includes(extname(path)) ? null : join(peersFolder, "node_modules", path);
}

function html(name: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,"><script type="module" src="${entryName}"></script></html>`;
}
