export * from "./images.ts";
export * from "./adaptive.ts";
export * from "./norms.ts";
export * from "./unpool.ts";
export * from "./windows.ts";
