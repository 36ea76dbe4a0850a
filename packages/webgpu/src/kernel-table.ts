import { Deferred, type DeferredKernels, type KernelTable } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import { argsortKernels } from "./kernels/argsort.ts";
import { contractionCandidates } from "./kernels/contraction-candidates.ts";
import type { ConvolutionAlgorithm } from "./kernels/conv2d-candidates.ts";
import type { CallTarget } from "./kernels/finish.ts";
import type { Kernels, Operand } from "./kernels/kernel.ts";
import { matmulContraction } from "./kernels/matmul.ts";
import { scatterAddKernels } from "./kernels/scatter-add.ts";
import { sortedScatterAddKernels } from "./kernels/scatter-add-sorted.ts";

const convolutions = new Deferred(() => import("./kernels/conv2d-candidates.ts"));

/** What tells routines. */
export const routines = new Deferred(() => import("./routine.ts"));

/** What has to be loaded before the table answers a call of these ops, or routines are told. */
export const deferredKernels: DeferredKernels = {
  conv2d: convolutions,
  conv2dInputGrad: convolutions,
  conv2dWeightGrad: convolutions,
  routine: routines,
};

/** The buffers of a library step: two inputs, and the output. */
export interface CallBuffers {
  readonly reads: readonly number[];
  readonly write: CallTarget;
}

/** One way to compute a library call, by a name that tuning remembers it by. */
export interface Candidate {
  readonly name: string;
  readonly kernels: (buffers: CallBuffers) => Kernels;
}

/** What of a device decides about the kernels that fit it. */
export interface KernelDevice {
  readonly software: boolean;
  /** Bytes of a workgroup's memory. */
  readonly workgroupBytes: number;
  /** Invocations of a workgroup, at most. */
  readonly workgroupSize: number;
  /** Invocations of a subgroup, at most; 1 where they cannot exchange values. */
  readonly subgroupSize: number;
  /** Whether shaders have 16-bit floats. */
  readonly f16: boolean;
  /** Bytes of memory that one binding may show. */
  readonly bindingBytes: number;
  /** How it may compute convolutions. */
  readonly convolution: ConvolutionAlgorithm;
}

/** Kernels for every library op. */
export function kernelTable(device: KernelDevice): KernelTable<Candidate> {
  return {
    matmul: (call, epilogue) => contractionCandidates(call, (operands) => matmulContraction(call, operands), epilogue, device),
    conv2d: (call, epilogue) => convolutions.module.conv2dCandidates(call, epilogue, device),
    conv2dInputGrad: (call, epilogue) => convolutions.module.inputGradCandidates(call, epilogue, device),
    conv2dWeightGrad: (call, epilogue) => convolutions.module.weightGradCandidates(call, epilogue, device),
    argsort: (call) => [
      {
        name: "merge sort",
        kernels: ({ reads: [x = 0], write }) => argsortKernels(call, input(x), { kind: "buffer", id: write.id, written: true }),
      },
    ],
    scatterAdd: (call) => {
      const byRow: Candidate = {
        name: "by row",
        kernels: ({ reads: [index = 0, updates = 0], write }) => scatterAddKernels(call, [input(index), input(updates)], write),
      };
      const sorted: Candidate = {
        name: "sorted",
        kernels: ({ reads: [index = 0, updates = 0], write }) =>
          sortedScatterAddKernels(call, [input(index), input(updates), { kind: "buffer", id: write.id, written: true }]),
      };
      const reads = sizeOf(call.out.shape) * sizeOf(call.x.index.shape);
      // Results of less than a word are finished in the workspace, where the sorted updates lie.
      if (reads === 0 || call.out.dtype !== "float32") return [byRow];
      return reads < sortedFrom ? [byRow, sorted] : [sorted, byRow];
    },
  };
}

/** Indices read by all invocations together from which it is quicker to sort the updates first. */
const sortedFrom = 1 << 24;

function input(id: number): Operand {
  return { kind: "buffer", id, written: false };
}
