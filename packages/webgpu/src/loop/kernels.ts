import type { LoopStep, Plan } from "@gradus/compile";
import { type DType, sizeOf } from "@gradus/tensor";
import type { Kernels, Operand } from "../kernels/kernel.ts";
import { elementKernel } from "./element.ts";
import { reducesAlongMemory, sharedKernel } from "./shared.ts";
import { splitKernels } from "./split.ts";
import { isInVectors, vectorKernel } from "./vector.ts";

/** Reduced elements from which the invocations of a workgroup share the work of one result. */
const sharedFrom = 64;
/** Work for so many invocations keeps a device busy, whatever each of them does. */
const busy = 16_384;
/** Reduced elements for each invocation, at least, where a reduction is split over workgroups. */
const splitFrom = 16_384;

/** What of a device and of a step's buffers decides about its kernels. */
export interface LoopDevice {
  readonly subgroups: boolean;
  /** Elements of a dtype that one invocation has to write together, in the buffers of this step. */
  readonly together: (dtype: DType) => number;
}

/** How a loop nest runs on the device: results one to an invocation, or one to a workgroup, or one to several. */
export function loopKernels(step: LoopStep, { buffers }: Plan, { subgroups, together }: LoopDevice): Kernels {
  const results = sizeOf(step.extents);
  const reduced = sizeOf(step.reduce);
  const operands: Operand[] = [
    ...step.reads.map((id): Operand => ({ kind: "buffer", id, written: false })),
    ...step.writes.map(({ buffer }): Operand => ({ kind: "buffer", id: buffer, written: true })),
  ];
  const narrow = step.writes.some(({ buffer }) => together(buffers[buffer]?.dtype ?? "float32") > 1);
  if (results === 0) return [];
  if (!narrow && isInVectors(step)) return [vectorKernel(step, operands)];
  if (step.terms.length === 0 || narrow || reduced < sharedFrom || (results >= busy && !reducesAlongMemory(step)))
    return [elementKernel(step, operands)];
  if (reduced >= splitFrom && results <= 64) return splitKernels(step, operands, subgroups);
  return [sharedKernel(step, operands, subgroups)];
}
