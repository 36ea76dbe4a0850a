import type { WebgpuBackend } from "@gradus/webgpu";

/**
 * Opens the host's WebGPU: that of the page or worker, or in Node that of the optional package "webgpu".
 *
 * Loaded only when asked for, so that nobody else's program carries it.
 *
 * @throws BackendError where there is no WebGPU or no adapter.
 */
export async function openWebgpu(): Promise<WebgpuBackend> {
  const { WebgpuBackend } = await import("@gradus/webgpu");
  const hasItsOwn = typeof navigator === "object" && "gpu" in navigator;
  const inNode = typeof process === "object" && typeof process.versions?.node === "string";
  if (hasItsOwn || !inNode) return WebgpuBackend.create();
  const { nodeGpu } = await import("@gradus/webgpu/node");
  return WebgpuBackend.create({ gpu: await nodeGpu() });
}
