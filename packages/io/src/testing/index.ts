export * from "./mutate.ts";
