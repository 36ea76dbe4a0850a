import { type Contender, contender, node } from "../contenders.ts";

/** Libraries Gradus is measured beside on WebGPU, in Node. */
export const gpuPeers = ["jax-js-webgpu", "tfjs-webgpu"] as const;
export type GpuPeerName = (typeof gpuPeers)[number];

export function isGpuPeer(name: string): name is GpuPeerName {
  return gpuPeers.some((peer) => peer === name);
}

/** Who takes part: Gradus on WebGPU, then each peer on the same device. */
export function gpuContenders(peers: readonly GpuPeerName[]): Contender[] {
  return [contender("gradus webgpu", 1, node("gradus-webgpu", 1), false), ...peers.map((name) => contender(name, 1, node(name, 1), true))];
}
