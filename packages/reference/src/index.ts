export * from "./backend.ts";
export { batchOffset, type Run } from "./library.ts";
