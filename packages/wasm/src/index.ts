export { WasmBackend, type WasmOptions } from "./backend.ts";
export { bestLevel, type Features, wasmFeatures } from "./features.ts";
export type { ConvolutionAlgorithm } from "./kernels/convolution-algorithm.ts";
export type { Level } from "./kernels/kernel.ts";
export { settled } from "./settled.ts";
