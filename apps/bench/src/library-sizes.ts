import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { gzippedSize } from "../../../tools/size/src/bundle.ts";
import { buildPackages } from "./budgets/bundle-size.ts";
import type { LibrarySize } from "./report.ts";

const root = join(import.meta.dirname, "../../..");
const peers = join(import.meta.dirname, "../peers");

/** How a library reaches a page: the packages a user imports, and the files they then fetch. */
const downloads: Readonly<Record<string, { readonly packages: readonly string[]; readonly fetched: readonly string[] }>> = {
  "jax-js": { packages: ["@jax-js/jax"], fetched: [] },
  "jax-js-webgpu": { packages: ["@jax-js/jax"], fetched: [] },
  "tfjs-cpu": { packages: ["@tensorflow/tfjs"], fetched: [] },
  "tfjs-wasm": {
    packages: ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"],
    fetched: ["@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm"],
  },
  "tfjs-webgpu": { packages: ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"], fetched: [] },
  "onnxruntime-web": {
    packages: ["onnxruntime-web/wasm"],
    fetched: ["onnxruntime-web/dist/ort-wasm-simd-threaded.mjs", "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"],
  },
  "onnxruntime-web-webgpu": {
    packages: ["onnxruntime-web/webgpu"],
    fetched: ["onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.mjs", "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm"],
  },
  convnetjs: { packages: ["convnetjs"], fetched: [] },
};

/** Packages of machine code, by the folder of this machine's part of them. */
const nativePackages: Readonly<Record<string, string>> = {
  "onnxruntime-node": `onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`,
};

/** What each of these libraries makes a page download; one that cannot be weighed says why. */
export async function librarySizes(libraries: readonly string[]): Promise<Record<string, LibrarySize>> {
  const sizes: Record<string, LibrarySize> = {};
  for (const library of new Set(libraries)) {
    try {
      sizes[library] = await librarySize(library);
    } catch (error) {
      sizes[library] = { kind: "cannot", why: (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "" };
    }
  }
  return sizes;
}

async function librarySize(library: string): Promise<LibrarySize> {
  if (library.split(" ")[0] === "gradus") {
    buildPackages("packages/gradus");
    return { kind: "bundle", script: await wholeBundle(root, ["packages/gradus/dist/index.js"]), fetched: 0 };
  }
  const folder = nativePackages[library];
  if (folder !== undefined) return { kind: "package", bytes: folderBytes(join(peers, "node_modules", folder)) };
  const download = downloads[library];
  if (download === undefined) return { kind: "cannot", why: "it is no package of JavaScript" };
  const files = download.fetched.map((path) => gzipSync(readFileSync(join(peers, "node_modules", path))).length);
  return {
    kind: "bundle",
    script: await wholeBundle(peers, download.packages),
    fetched: files.reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** All chunks together: what a page loads that uses everything. */
async function wholeBundle(folder: string, entries: readonly string[]): Promise<number> {
  const { atFirst, onDemand } = await gzippedSize(folder, entries);
  return atFirst + onDemand;
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
