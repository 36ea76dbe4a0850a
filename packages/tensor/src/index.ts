export * from "./dtype.ts";
export * from "./errors.ts";
export * from "./shape.ts";
