export * from "./plan.ts";
export * from "./engine.ts";
export * from "./compile.ts";
export type { Prepared } from "./executables.ts";
export * from "./build.ts";
export * from "./program.ts";
export * from "./print.ts";
export * from "./memory.ts";
export * from "./schedule.ts";
