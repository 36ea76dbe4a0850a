import { BackendError } from "@gradus/tensor";

/** What `@gradus/webgpu/node` is outside of Node: pages and workers bundle this and nothing of Dawn. */
export function nodeGpu(): Promise<GPU> {
  return Promise.reject(
    new BackendError("webgpu/not-node", "nodeGpu() is for Node, and this is another host", {
      subject: "webgpu",
      hint: "WebgpuBackend.create() finds the host's own WebGPU",
    }),
  );
}
