export { type DeviceCounts, WebgpuBackend } from "./backend.ts";
export type { DeviceFeatures, DeviceOptions, LimitName } from "./device.ts";
