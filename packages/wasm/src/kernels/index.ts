export { conv2dInputGradKernels } from "./conv2d-input-gradient.ts";
export type { Conv2dShape } from "./conv2d-shape.ts";
export { conv2dWeightGradKernels } from "./conv2d-weight-gradient.ts";
export { conv2dKernels } from "./conv2d.ts";
export { type Epilogue, type EpilogueSite, type Kernel, kernel, type KernelArguments, type Level } from "./kernel.ts";
export { matmulKernels, type MatmulShape } from "./matmul.ts";
