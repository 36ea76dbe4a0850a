export * from "./batch-norm.ts";
export * from "./group-norm.ts";
export * from "./layer-norm.ts";
export * from "./weight-norm.ts";
