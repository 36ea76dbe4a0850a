/** How large a part of the library may be for a page that loads it: minified and gzipped. */
export interface Budget {
  readonly name: string;
  /** Files bundled together, relative to the root; all that they export is kept. */
  readonly entries: readonly string[];
  /** Packages the page has loaded already. */
  readonly beside?: readonly string[];
  /** Before the page runs. */
  readonly kilobytes: number;
  /** When it needs them: kernels that not every program has; none when left out. */
  readonly onDemand?: number;
}

export const BUDGETS: readonly Budget[] = [
  {
    name: "tensor + compile + wasm",
    entries: ["packages/tensor/dist/index.js", "packages/compile/dist/index.js", "packages/wasm/dist/index.js"],
    // The design wanted 60: decision 0010. Everything exported counts, so breadth does too.
    kilobytes: 109,
    onDemand: 21,
  },
  { name: "a program that only multiplies matrices", entries: ["tools/size/src/pages/only-matmul.ts"], kilobytes: 67, onDemand: 22 },
  { name: "a page that trains LeNet-5", entries: ["tools/size/src/pages/train-lenet5.ts"], kilobytes: 81, onDemand: 21 },
  {
    name: "webgpu beside tensor, compile",
    entries: ["packages/webgpu/dist/index.js"],
    beside: ["@gradus/tensor", "@gradus/compile"],
    // The design wanted 30: decision 0010.
    kilobytes: 35,
    onDemand: 9,
  },
  { name: "nn, every layer and loss, beside tensor", entries: ["packages/nn/dist/index.js"], beside: ["@gradus/tensor"], kilobytes: 20 },
  {
    name: "optim, all optimizers, beside tensor, compile",
    entries: ["packages/optim/dist/index.js"],
    beside: ["@gradus/tensor", "@gradus/compile"],
    kilobytes: 9,
  },
  {
    name: "one optimizer, schedule and initialiser, beside tensor",
    entries: ["tools/size/src/pages/one-optimizer.ts"],
    beside: ["@gradus/tensor"],
    kilobytes: 4,
  },
];
