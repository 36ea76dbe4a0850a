import { cases } from "./cases.ts";
import { matmulCase } from "./matmul-case.ts";
import { copyCase } from "./memory-cases.ts";
import { modelCase } from "./model-case.ts";
import type { PerfCase } from "./perf-case.ts";

/** What is measured on GPUs: products up to where the device is the limit, every convolution, memory, and training. */
export const gpuCases: readonly PerfCase[] = [
  ...[1024, 2048, 4096, 8192].map((size) => matmulCase({ m: size, k: size, n: size })),
  ...cases.filter(({ name }) => /^matmul (1|8|64)x|transposed|^conv /.test(name)),
  ...cases.filter(({ work }) => work.unit === "GB/s"),
  // More than any cache holds.
  copyCase(32),
  modelCase("lenet5", "training", 64),
  modelCase("lenet5", "training", 1024),
  modelCase("resnet20", "training", 32),
  modelCase("resnet20", "training", 128),
];
