import { data, weight } from "./inputs.ts";
import type { PerfCase } from "./perf-case.ts";

const one = { stride: 1, padding: 1, dilation: 1, groups: 1 } as const;

/** Convolutions of sequences and volumes, and a transposed one: what the 2-D ones are made to do as well. */
export const otherConvolutionCases: readonly PerfCase[] = [
  {
    name: "conv1d 3 64-64 1024 batch 8 forward",
    work: { unit: "GFLOP/s", operations: 2 * 8 * 64 * 1024 * 64 * 3 },
    tolerance: 1e-4,
    inputs: [data("x", [8, 64, 1024]), weight("weight", [64, 64, 3])],
    steps: [{ op: "conv1d", args: ["x", "weight"], out: "out", attributes: one }],
    mode: { kind: "evaluate", outputs: ["out"] },
  },
  {
    name: "conv3d 3x3x3 16-32 16x28x28 batch 1 forward",
    work: { unit: "GFLOP/s", operations: 2 * 32 * 16 * 28 * 28 * 16 * 27 },
    tolerance: 1e-4,
    inputs: [data("x", [1, 16, 16, 28, 28]), weight("weight", [32, 16, 3, 3, 3])],
    steps: [{ op: "conv3d", args: ["x", "weight"], out: "out", attributes: one }],
    mode: { kind: "evaluate", outputs: ["out"] },
  },
  // A step of DCGAN's generator.
  {
    name: "conv transposed 4x4 stride 2 128-64 14x14 batch 8 forward",
    work: { unit: "GFLOP/s", operations: 2 * 8 * 128 * 14 * 14 * 64 * 16 },
    tolerance: 1e-4,
    inputs: [data("x", [8, 128, 14, 14]), weight("weight", [128, 64, 4, 4])],
    steps: [{ op: "convTranspose2d", args: ["x", "weight"], out: "out", attributes: { stride: 2, padding: 1 } }],
    mode: { kind: "evaluate", outputs: ["out"] },
  },
];
