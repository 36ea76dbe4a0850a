export { type DeviceCounts, WebgpuBackend } from "./backend.ts";
export type { DeviceFeatures, DeviceLimits, DeviceOptions, LimitName } from "./device.ts";
