import { leafCost, loadsOf, type Scalar, sizeOf } from "@gradus/tensor";
import { bytesOf, type LibraryStep, type LoopStep, type Plan, readsOfStep, type ScanStep, type Step, writesOfStep } from "../plan.ts";

/** What one step of a plan has to do, whoever runs it. */
export interface StepCost {
  /**
   * Operations on numbers. Of a matrix product 2 m n k, and of a convolution or its gradients as many for the product it is,
   * padding included; of a routine what its op says; of all else what its scalar programs cost in additions, by the leaf table, and one for each value reduced.
   */
  readonly flops: number;
  /** Bytes read and written, each buffer once as either: of a buffer read at few places no more than is loaded. */
  readonly bytes: number;
}

export function stepCost(step: Step, buffers: Plan["buffers"]): StepCost {
  if (step.kind === "scan") {
    const once = step.body.steps.map((each) => stepCost(each, step.body.buffers));
    const sum = (of: (cost: StepCost) => number): number => step.count * once.reduce((total, cost) => total + of(cost), 0);
    return { flops: sum(({ flops }) => flops), bytes: sum(({ bytes }) => bytes) };
  }
  const written = [...new Set(writesOfStep(step))].reduce((sum, id) => sum + (buffers[id]?.bytes ?? 0), 0);
  const loads = loadsOfStep(step);
  const read = [...new Set(readsOfStep(step))].reduce((sum, id) => {
    const buffer = buffers[id];
    if (buffer === undefined) return sum;
    const most = (loads.get(id) ?? Infinity) * bytesOf({ shape: [], dtype: buffer.dtype });
    return sum + Math.min(buffer.bytes, most);
  }, 0);
  return { flops: flopsOf(step), bytes: read + written };
}

function flopsOf(step: Exclude<Step, ScanStep>): number {
  switch (step.kind) {
    case "loop":
      return loopFlops(step);
    case "library":
      return libraryFlops(step);
    case "routine":
      return step.items * step.op.work(step.call);
  }
  step satisfies never;
  return 0;
}

function loopFlops({ extents, reduce, terms, writes }: LoopStep): number {
  const term = leafCost(terms.map(({ value }) => value)) + terms.length;
  return sizeOf(extents) * (leafCost(writes.map(({ value }) => value)) + (terms.length === 0 ? 0 : term * sizeOf(reduce)));
}

function libraryFlops(step: LibraryStep): number {
  const { epilogue } = step;
  return callFlops(step) + (epilogue === null ? 0 : leafCost([epilogue.value]) * sizeOf(epilogue.axes));
}

function callFlops(step: LibraryStep): number {
  switch (step.op) {
    case "matmul": {
      const { x, attrs, out } = step.call;
      return 2 * (x.a.shape.at(attrs.transposeA ? -2 : -1) ?? 1) * sizeOf(out.shape);
    }
    case "conv2d":
      return convolutionFlops(step.call.out.shape, step.call.x.weight.shape);
    case "conv2dInputGrad":
      return convolutionFlops(step.call.x.ct.shape, step.call.x.weight.shape);
    case "conv2dWeightGrad":
      return convolutionFlops(step.call.x.ct.shape, step.call.attrs.weightShape);
    // The comparisons it takes at least.
    case "argsort":
      return sizeOf(step.call.out.shape) * Math.ceil(Math.log2(Math.max(1, step.call.out.shape[1] ?? 1)));
    case "scatterAdd":
      return sizeOf(step.call.x.updates.shape);
  }
  step satisfies never;
  return 0;
}

/** Every pixel of the output takes a product and a sum for each weight of its channel. */
function convolutionFlops(out: readonly number[], [, ...channel]: readonly number[]): number {
  return 2 * sizeOf(out) * sizeOf(channel);
}

/** How many elements a loop loads of each buffer, at most. Of buffers that only indices are read from, and of library calls, nothing is said. */
function loadsOfStep(step: Step): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  if (step.kind !== "loop") return counts;
  const count = (values: readonly Scalar[], times: number): void => {
    for (const { buffer } of loadsOf(values)) {
      const id = step.reads[buffer];
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + times);
    }
  };
  const results = sizeOf(step.extents);
  count(
    step.writes.map(({ value }) => value),
    results,
  );
  count(
    step.terms.map(({ value }) => value),
    results * sizeOf(step.reduce),
  );
  return counts;
}
