export { type DeviceCounts, WebgpuBackend, type WebgpuOptions } from "./backend.ts";
export type { DeviceFeatures, DeviceLimits, DeviceOptions, LimitName } from "./device.ts";
export type { ConvolutionAlgorithm } from "./kernels/conv2d-candidates.ts";
export { browserTuningStore } from "./tuning/browser-store.ts";
export type { TuningStore } from "./tuning/choices.ts";
