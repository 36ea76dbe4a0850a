export * from "./initialiser.ts";
export * from "./fans.ts";
export * from "./gain.ts";
export * from "./kaiming.ts";
export * from "./plain.ts";
export * from "./xavier.ts";
