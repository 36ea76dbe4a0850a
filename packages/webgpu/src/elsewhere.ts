import { BackendError } from "@gradus/tensor";
import type { FoundGpu } from "./node.ts";

/** What `@gradus/webgpu/node` is outside of Node: pages and workers bundle this and nothing of Dawn. */
export function nodeGpu(): Promise<GPU> {
  return Promise.reject(notNode());
}

/** The answer of every other host: this is not Node. */
export function findGpu(): Promise<FoundGpu> {
  return Promise.resolve({ gpu: null, missing: notNode() });
}

function notNode(): BackendError {
  return new BackendError("webgpu/not-node", "nodeGpu() is for Node, and this is another host", {
    subject: "webgpu",
    hint: "WebgpuBackend.create() finds the host's own WebGPU",
  });
}
