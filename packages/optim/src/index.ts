export { adam, type AdamOptions, adamw } from "./adam.ts";
export type { ParameterGroup } from "./groups.ts";
export { type ApplyOptions, Optimizer, type OptimizerOptions } from "./optimizer.ts";
export type { Rule, UpdateCall, Updated } from "./rule.ts";
export { sgd, type SgdOptions } from "./sgd.ts";
