/** Libraries Gradus is measured beside in a page: whether each can use more than one thread, and the package whose version it does not tell itself. */
export const pagePeers = {
  "jax-js": { threads: true, pinned: "@jax-js/jax" },
  "jax-js-webgpu": { threads: false, pinned: "@jax-js/jax" },
  "tfjs-wasm": { threads: true, pinned: null },
  "tfjs-cpu": { threads: false, pinned: null },
  "tfjs-webgpu": { threads: false, pinned: null },
  "onnxruntime-web": { threads: true, pinned: null },
  "onnxruntime-web-webgpu": { threads: false, pinned: null },
  convnetjs: { threads: false, pinned: "convnetjs" },
} as const;

export type PagePeerName = keyof typeof pagePeers;

export function isPagePeer(name: string): name is PagePeerName {
  return Object.hasOwn(pagePeers, name);
}
