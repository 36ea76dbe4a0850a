import { nodeGpu } from "@gradus/webgpu/node";

/** Gives this process a `navigator.gpu`, for libraries that were written for pages: the one Dawn that Gradus uses too. */
export async function giveNavigatorGpu(): Promise<GPU> {
  const gpu = await nodeGpu();
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });
  return gpu;
}

/**
 * The adapter's name, as Gradus tells it.
 *
 * @throws Error where there is no adapter.
 */
export async function nodeAdapter(gpu: GPU): Promise<string> {
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw new Error("no WebGPU adapter: no GPU, or no Vulkan driver");
  const { vendor, architecture, description } = adapter.info;
  return [description, `${vendor} ${architecture}`.trim()].find((text) => text !== "") ?? "unnamed adapter";
}
