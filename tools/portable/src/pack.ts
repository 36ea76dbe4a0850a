import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const bench = fileURLToPath(new URL("../../../apps/bench", import.meta.url));

/** Programs of the benchmark, each bundled by itself. */
const programs = {
  "gpu-bench": "src/gpu/gpu-bench.ts",
  "libraries/gradus-webgpu": "src/libraries/gradus-webgpu.ts",
  "libraries/jax-js-webgpu": "src/libraries/jax-js-webgpu.ts",
  "libraries/tfjs-webgpu": "src/libraries/tfjs-webgpu.ts",
} as const;

/** Needs nothing but the shell: no command of it is looked up on PATH. */
const runScript = `#!/bin/sh
here="\${0%/*}"
exec "$here/node" "$here/bench/gpu-bench.js" "$@"
`;

/**
 * Writes an archive with Node, Dawn, the built packages, the GPU benchmark, and the peers where they are installed.
 *
 * @throws Error on another machine than x86-64 Linux, or if tar fails.
 */
export async function pack(file: string): Promise<void> {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(`this packs for Linux on x86-64, not ${process.platform} ${process.arch}`);
  const folder = mkdtempSync(join(tmpdir(), "gradus-portable-"));
  try {
    const root = join(folder, "gradus-gpu-bench");
    mkdirSync(join(root, "bench/libraries"), { recursive: true });
    copyFileSync(process.execPath, join(root, "node"));
    const license = join(dirname(process.execPath), "../LICENSE");
    if (existsSync(license)) copyFileSync(license, join(root, "LICENSE.node"));
    writeFileSync(join(root, "run"), runScript);
    chmodSync(join(root, "run"), 0o755);
    copyDawn(join(root, "node_modules/webgpu"));
    await bundlePrograms(join(root, "bench"));
    // Beside whatever asks which version of a peer is pinned; it also says that these are ES modules.
    for (const beside of ["bench", "bench/libraries"]) copyFileSync(join(bench, "peers/package.json"), join(root, beside, "package.json"));
    await bundlePeers(join(root, "node_modules"));
    const { status, stderr } = spawnSync("tar", ["-czf", file, "-C", folder, "gradus-gpu-bench"], { encoding: "utf8" });
    if (status !== 0) throw new Error(`tar failed: ${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The package "webgpu", with its build for this kind of machine alone. */
function copyDawn(to: string): void {
  const from = dirname(createRequire(import.meta.url).resolve("webgpu"));
  mkdirSync(join(to, "dist"), { recursive: true });
  for (const name of ["package.json", "index.js", "LICENSE.md"])
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  cpSync(join(from, "dist/linux-x64"), join(to, "dist/linux-x64"), { recursive: true, dereference: true });
}

async function bundlePrograms(to: string): Promise<void> {
  for (const [name, path] of Object.entries(programs))
    await bundle({ input: join(bench, path), file: join(to, `${name}.js`), format: "esm", external: ["webgpu"] });
}

/** Each peer as one file; TensorFlow.js with its backend, because both have to see the same core. */
async function bundlePeers(to: string): Promise<void> {
  const from = join(bench, "peers/node_modules");
  if (!existsSync(join(from, "@jax-js/jax")) || !existsSync(join(from, "@tensorflow/tfjs-backend-webgpu"))) return;
  await bundle({ input: join(from, "@jax-js/jax/dist/index.js"), file: join(to, "@jax-js/jax/index.js"), format: "esm" });
  writeFileSync(join(to, "@jax-js/jax/package.json"), '{ "name": "@jax-js/jax", "type": "module", "exports": "./index.js" }\n');
  const entry = join(from, ".gradus-tfjs.cjs");
  writeFileSync(entry, 'module.exports = require("@tensorflow/tfjs");\nrequire("@tensorflow/tfjs-backend-webgpu");\n');
  try {
    await bundle({ input: entry, file: join(to, "@tensorflow/tfjs/index.js"), format: "cjs" });
  } finally {
    rmSync(entry);
  }
  mkdirSync(join(to, "@tensorflow/tfjs-backend-webgpu"), { recursive: true });
  writeFileSync(join(to, "@tensorflow/tfjs-backend-webgpu/index.js"), 'module.exports = require("@tensorflow/tfjs");\n');
}

interface BundleOptions {
  readonly input: string;
  readonly file: string;
  readonly format: "esm" | "cjs";
  readonly external?: string[];
}

async function bundle({ input, file, format, external = [] }: BundleOptions): Promise<void> {
  const built = await rolldown({ input, platform: "node", external, logLevel: "silent" });
  await built.write({ file, format, codeSplitting: false });
  await built.close();
}
