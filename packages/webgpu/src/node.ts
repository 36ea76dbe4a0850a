import { BackendError } from "@gradus/tensor";
import type * as Dawn from "webgpu";
import { openDevice } from "./device.ts";

export { folderTuningStore } from "./tuning/folder-store.ts";

/** Dawn's objects: a device keeps no hold on the instance it came from, and the process ends if that is collected first. */
let held: GPU | null = null;

/**
 * WebGPU for Node, from the optional package "webgpu" (Dawn).
 *
 * Example: `const backend = await WebgpuBackend.create({ gpu: await nodeGpu() });`
 *
 * @throws BackendError if the package is not installed, or has no build for this machine.
 */
export async function nodeGpu(): Promise<GPU> {
  if (held !== null) return held;
  let dawn: typeof Dawn;
  try {
    dawn = await import("webgpu");
  } catch (cause) {
    throw new BackendError(
      "webgpu/no-dawn",
      'WebGPU in Node needs the package "webgpu", which is not installed or has no build for this machine',
      {
        subject: "webgpu",
        hint: "run: npm install webgpu",
        cause,
      },
    );
  }
  // The constants (GPUBufferUsage, GPUMapMode) are globals in a browser.
  Object.assign(globalThis, dawn.globals);
  // Times rounded to 65 microseconds protect visitors of web pages, and no one here.
  held = dawn.create(["disable-dawn-features=timestamp_quantization"]);
  return held;
}

/** A GPU with an adapter, or the error that says what is missing. */
export type FoundGpu = { readonly gpu: GPU; readonly missing: null } | { readonly gpu: null; readonly missing: BackendError };

/** Looks for a GPU that Node can compute on; what is missing is an answer, and not thrown. */
export async function findGpu(): Promise<FoundGpu> {
  try {
    const gpu = await nodeGpu();
    const { device } = await openDevice({ gpu });
    device.destroy();
    return { gpu, missing: null };
  } catch (error) {
    if (error instanceof BackendError) return { gpu: null, missing: error };
    throw error;
  }
}
