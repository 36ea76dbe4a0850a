import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The Chromium to test in: `CHROMIUM_PATH`, or the first one on `PATH`, or none. */
export function findChromium(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const named = env["CHROMIUM_PATH"];
  if (named !== undefined && named !== "") return named;
  const folders = (env["PATH"] ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

const COMMON_FLAGS = [
  "--enable-unsafe-webgpu",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Flags that give headless Chromium a software WebGPU adapter and keep it off the network. */
export const CHROMIUM_FLAGS: readonly string[] = [...COMMON_FLAGS, "--use-webgpu-adapter=swiftshader"];

/** The same, but WebGPU on the machine's graphics card where there is one that Chromium can use. */
export const CHROMIUM_GPU_FLAGS: readonly string[] = [...COMMON_FLAGS, "--enable-features=Vulkan", "--ignore-gpu-blocklist"];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
