import type { Plan, Step } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import { workOf } from "./loop/shape.ts";

/**
 * Work from which a plan is worth waking other threads for, in additions: some 200 microseconds of one thread.
 * A sleeping thread takes 25 to 50 of them to wake, and every kernel then ends at a barrier.
 */
export const usualSharedWork = 4_000_000;

/** A rough count of a plan's work, in additions. */
export function workOfPlan({ steps, buffers }: Plan): number {
  return steps.reduce((sum, step) => sum + workOfStep(step, buffers), 0);
}

/** A rough count of a step's work, in additions. */
export function workOfStep(step: Step, buffers: Plan["buffers"]): number {
  if (step.kind === "loop") return workOf(step) * sizeOf(step.extents);
  if (step.kind === "scan") return step.count * workOfPlan(step.body);
  if (step.kind === "routine") return step.items * step.op.work(step.call);
  // Of a matrix product m x k by k x n, this is m k n; of a convolution or its gradients about as much as it multiplies.
  const sizes = [...step.reads.slice(0, 2), step.write].map((id) => sizeOf(buffers[id]?.shape ?? []));
  return Math.sqrt(sizes.reduce((product, size) => product * size, 1));
}
