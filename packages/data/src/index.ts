export * from "./dataset.ts";
export * from "./image/image-dataset.ts";
export type { LastBatch } from "./last-batch.ts";
export * from "./loader.ts";
export * from "./random/permutation.ts";
export * from "./random/stream.ts";
export * from "./random/threefry.ts";
