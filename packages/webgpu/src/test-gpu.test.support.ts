import { nodeGpu } from "./node.ts";

/** Where tests find a GPU, or why they have none. */
export interface TestGpu {
  readonly gpu: GPU | null;
  /** For the titles of what is skipped. */
  readonly reason: string;
}

/**
 * The GPU of this machine, real or imitated (SwiftShader's or Mesa's Vulkan driver, named by VK_ICD_FILENAMES).
 *
 * @throws Error in continuous integration, which has to have one.
 */
export async function testGpu(): Promise<TestGpu> {
  const gpu = await nodeGpu();
  if ((await gpu.requestAdapter()) !== null) return { gpu, reason: "" };
  if (process.env["CI"] !== undefined)
    throw new Error("no WebGPU adapter: continuous integration sets VK_ICD_FILENAMES to a software driver");
  return { gpu: null, reason: "(needs a WebGPU adapter: a GPU with a Vulkan driver, or VK_ICD_FILENAMES naming a software driver)" };
}
