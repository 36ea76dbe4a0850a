import type { LoopStep } from "@gradus/compile";
import { axisCoefficient, loadsOf, sizeOf } from "@gradus/tensor";
import { inRows, type Kernel, type Operand, workgroupNumber } from "../kernels/kernel.ts";
import { reductionOf } from "../wgsl/combine.ts";
import { Library } from "../wgsl/library.ts";
import { spread } from "../wgsl/module.ts";
import { ScalarWriter } from "../wgsl/scalar-writer.ts";
import { numeric } from "./element.ts";
import { mergeCode, reductionBytes } from "./tree.ts";

/** Invocations that share one long reduction, or sixteen; and one short reduction, of which each then still has several elements. */
const [many, few] = [256, 64];
const longFrom = 1024;

/**
 * The invocations of a workgroup share each reduction and merge what they have. Results next to each other are taken together
 * where the reduced elements are not next to each other in memory: then neighbours read neighbours all the same.
 */
export function sharedKernel(step: LoopStep, operands: readonly Operand[], subgroups: boolean): Kernel {
  const count = sizeOf(step.extents);
  const reduced = sizeOf(step.reduce);
  const together = resultsTogether(step, count, reduced);
  const size = together === 1 && reduced < longFrom ? few : many;
  const workgroups = inRows(Math.ceil(count / together));
  return {
    name: `reduce shared ${step.label}`,
    operands,
    workgroups,
    size,
    workgroupBytes: reductionBytes(step, size),
    source(memory) {
      const library = new Library();
      const load = (buffer: number, index: string): string => memory.load(buffer, index);
      const lanes = size / together;
      const outer = spread("p", step.extents, "i");
      const inner = spread("r", step.reduce, "r");
      const reductions = step.terms.map((term, slot) => reductionOf(term, `sum${slot}`, library));
      const taking = new ScalarWriter({ load, axes: [...outer.names, ...inner.names], accumulators: [], library }, "t");
      const taken = step.terms.map(({ value }) => numeric(taking.value(value), value.dtype));
      const writing = new ScalarWriter({ load, axes: outer.names, accumulators: reductions.map(({ result }) => result), library });
      const results = step.writes.map(({ value }) => numeric(writing.value(value), value.dtype));
      const fields = reductions.flatMap((reduction) => reduction.fields);
      const merged = mergeCode(reductions, { size, together, subgroups }, library);
      const body = `let place = i32(local) % ${together};
let lane = i32(local) / ${together};
let result = ${workgroupNumber(workgroups)} * ${together} + place;
let p = min(result, ${count - 1});
${outer.statements}
${fields.map(({ name, type, start }) => `var ${name}: ${type} = ${start};`).join("\n")}
for (var r = lane; r < ${reduced}; r += ${lanes}) {
${inner.statements}
${taking.statements}
${reductions.map((reduction, slot) => reduction.take(taken[slot] ?? "", "r")).join("\n")}
}
${merged.statements}
if (lane == 0 && result < ${count}) {
${writing.statements}
${results.map((value, i) => memory.store(step.reads.length + i, "p", value)).join("\n")}
}`;
      return { library, declarations: merged.declarations, body };
    },
  };
}

/** Whether the reduced elements lie next to each other in memory: then one invocation going through them would read far from its neighbours. */
export function reducesAlongMemory({ reduce, extents, terms }: LoopStep): boolean {
  return stepAlong(terms, extents.length + reduce.length - 1) === 1;
}

/** As many neighbouring results as a memory transaction holds, where the last result axis is the one that runs along memory. */
function resultsTogether(step: LoopStep, count: number, reduced: number): number {
  const { extents, terms } = step;
  if (reducesAlongMemory(step) || extents.length === 0) return 1;
  return stepAlong(terms, extents.length - 1) === 1 && count >= 16 && reduced >= 16 ? 16 : 1;
}

/** How far apart in memory neighbours along an axis are, where every load of the terms agrees; else null. */
function stepAlong(terms: LoopStep["terms"], axis: number): number | null {
  const steps = new Set(
    loadsOf(terms.map(({ value }) => value))
      .map(({ at }) => axisCoefficient(at, axis))
      .filter((step) => step !== 0),
  );
  const [only = null] = steps;
  return steps.size === 1 ? only : null;
}
