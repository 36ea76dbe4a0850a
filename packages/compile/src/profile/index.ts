export { profile, type ProfileOptions } from "./profile.ts";
export { type HostTime, type KernelTotals, ProfileReport } from "./report.ts";
export { type StepCost, stepCost } from "./step-cost.ts";
export type { KernelShare, StepTime } from "./step-times.ts";
