import type { LoopStep } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import { inRows, type Kernels, type Operand, workgroupNumber } from "../kernels/kernel.ts";
import { type Reduction, reductionOf } from "../wgsl/combine.ts";
import { Library } from "../wgsl/library.ts";
import { spread } from "../wgsl/module.ts";
import { ScalarWriter } from "../wgsl/scalar-writer.ts";
import { numeric } from "./element.ts";
import { mergeCode, reductionBytes } from "./tree.ts";

const size = 256;
/** Workgroups that share one reduction, at most. */
const mostParts = 256;
/** Reduced elements for each invocation, at least. */
const least = 16;

/** A long reduction to few results, in two stages: workgroups reduce parts of it into the workspace, then one finishes each result. */
export function splitKernels(step: LoopStep, operands: readonly Operand[], subgroups: boolean): Kernels {
  const { extents, reduce, terms, reads, writes } = step;
  const count = sizeOf(extents);
  const reduced = sizeOf(reduce);
  const parts = Math.min(mostParts, Math.ceil(reduced / (size * least)));
  const perPart = Math.ceil(reduced / parts);
  const make = (library: Library): readonly Reduction[] => terms.map((term, slot) => reductionOf(term, `sum${slot}`, library));
  const fieldCount = make(new Library()).reduce((sum, { fields }) => sum + fields.length, 0);
  const workspace = (written: boolean): Operand => ({ kind: "workspace", words: fieldCount * count * parts, written });
  const place = (field: number, part: string): string => `(${field * count} + result) * ${parts} + ${part}`;
  const grid = inRows(count * parts);
  return [
    {
      name: `reduce parts ${step.label}`,
      operands: [...operands.slice(0, reads.length), workspace(true)],
      workgroups: grid,
      size,
      workgroupBytes: reductionBytes(step, size),
      source(memory) {
        const library = new Library();
        const outer = spread("result", extents, "i");
        const inner = spread("r", reduce, "r");
        const reductions = make(library);
        const fields = reductions.flatMap((reduction) => reduction.fields);
        const taking = new ScalarWriter(
          { load: (buffer, index) => memory.load(buffer, index), axes: [...outer.names, ...inner.names], accumulators: [], library },
          "t",
        );
        const taken = terms.map(({ value }) => numeric(taking.value(value), value.dtype));
        const merged = mergeCode(reductions, { size, together: 1, subgroups }, library);
        const body = `let number = ${workgroupNumber(grid)};
if (number >= ${count * parts}) { return; }
let result = number / ${parts};
let part = number % ${parts};
let lane = i32(local);
${outer.statements}
${fields.map(({ name, type, start }) => `var ${name}: ${type} = ${start};`).join("\n")}
let end = min((part + 1) * ${perPart}, ${reduced});
for (var r = part * ${perPart} + lane; r < end; r += ${size}) {
${inner.statements}
${taking.statements}
${reductions.map((reduction, slot) => reduction.take(taken[slot] ?? "", "r")).join("\n")}
}
${merged.statements}
if (lane == 0) {
${fields.map(({ name, type }, field) => memory.store(reads.length, place(field, "part"), type === "f32" ? `bitcast<i32>(${name})` : name)).join("\n")}
}`;
        return { library, declarations: merged.declarations, body };
      },
    },
    {
      name: `reduce rest ${step.label}`,
      operands: [...operands, workspace(false)],
      workgroups: inRows(count),
      size,
      workgroupBytes: reductionBytes(step, size),
      source(memory) {
        const library = new Library();
        const at = reads.length + writes.length;
        const outer = spread("p", extents, "i");
        const reductions = make(library);
        const fields = reductions.flatMap((reduction) => reduction.fields);
        const others = reductions.map((reduction, slot) => {
          const first = reductions.slice(0, slot).reduce((sum, before) => sum + before.fields.length, 0);
          return reduction.fields.map(({ type }, i) => {
            const word = memory.load(at, place(first + i, "part"));
            return type === "f32" ? `bitcast<f32>(${word})` : word;
          });
        });
        const load = (buffer: number, index: string): string => memory.load(buffer, index);
        const writing = new ScalarWriter({ load, axes: outer.names, accumulators: reductions.map(({ result }) => result), library });
        const results = writes.map(({ value }) => numeric(writing.value(value), value.dtype));
        const merged = mergeCode(reductions, { size, together: 1, subgroups }, library);
        const body = `let result = ${workgroupNumber(inRows(count))};
if (result >= ${count}) { return; }
let p = result;
let lane = i32(local);
${outer.statements}
${fields.map(({ name, type, start }) => `var ${name}: ${type} = ${start};`).join("\n")}
for (var part = lane; part < ${parts}; part += ${size}) {
${reductions.map((reduction, slot) => reduction.merge(others[slot] ?? [])).join("\n")}
}
${merged.statements}
if (lane == 0) {
${writing.statements}
${results.map((value, i) => memory.store(reads.length + i, "p", value)).join("\n")}
}`;
        return { library, declarations: merged.declarations, body };
      },
    },
  ];
}
