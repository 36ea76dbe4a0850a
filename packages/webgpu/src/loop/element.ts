import type { LoopStep } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import { inRows, type Kernel, type Operand, workgroupNumber } from "../kernels/kernel.ts";
import { reductionOf } from "../wgsl/combine.ts";
import { Library } from "../wgsl/library.ts";
import type { ShaderMemory } from "../wgsl/memory.ts";
import { spread } from "../wgsl/module.ts";
import { ScalarWriter } from "../wgsl/scalar-writer.ts";

const size = 256;

/** Each invocation computes one result, its reduction included, or the four results of a word where some are bytes. */
export function elementKernel(step: LoopStep, operands: readonly Operand[]): Kernel {
  const count = sizeOf(step.extents);
  return {
    name: `${step.terms.length > 0 ? "reduce" : "map"} ${step.label}`,
    operands,
    workgroups: inRows(Math.ceil(count / size)),
    size,
    source(memory) {
      const inBytes = step.writes.some((_, i) => memory.inBytes(step.reads.length + i));
      const words = Math.ceil(count / 4);
      const workgroups = inRows(Math.ceil(count / size));
      const library = new Library();
      const position = `${workgroupNumber(workgroups)} * ${size} + i32(local)`;
      const element = elementCode(step, memory, library);
      const body = inBytes
        ? `let word = ${position};
if (word >= ${words}) { return; }
${element.bytes.map((at) => `var word${at} = 0u;`).join("\n")}
for (var lane = 0; lane < 4; lane++) {
let p = word * 4 + lane;
if (p < ${count}) {
${element.statements}
}
}
${element.bytes.map((at) => memory.storeWord(at, "word", `word${at}`)).join("\n")}`
        : `let p = ${position};
if (p >= ${count}) { return; }
${element.statements}`;
      return { library, body };
    },
  };
}

/** Statements for the result at position `p`; those of byte dtypes are or-ed into `word…` at `lane`. */
function elementCode(
  { extents, reduce, terms, reads, writes }: LoopStep,
  memory: ShaderMemory,
  library: Library,
): { readonly statements: string; readonly bytes: readonly number[] } {
  const outer = spread("p", extents, "i");
  const inner = reduce.map((_, axis) => `r${axis}`);
  const axes = [...outer.names, ...inner];
  const load = (buffer: number, index: string): string => memory.load(buffer, index);
  const lines = [outer.statements];
  const reductions = terms.map((term, slot) => reductionOf(term, `sum${slot}`, library));
  for (const { fields } of reductions) for (const { name, type, start } of fields) lines.push(`var ${name}: ${type} = ${start};`);
  if (terms.length > 0) {
    const writer = new ScalarWriter({ load, axes, accumulators: [], library }, "t");
    const values = terms.map(({ value }) => numeric(writer.value(value), value.dtype));
    const position = reduce.reduce((sum, extent, axis) => (axis === 0 ? "r0" : `(${sum}) * ${extent} + r${axis}`), "0");
    reduce.forEach((extent, axis) => lines.push(`for (var r${axis} = 0; r${axis} < ${extent}; r${axis}++) {`));
    lines.push(writer.statements, ...reductions.map((reduction, slot) => reduction.take(values[slot] ?? "", position)));
    lines.push("}".repeat(reduce.length));
  }
  const writer = new ScalarWriter({ load, axes: outer.names, accumulators: reductions.map(({ result }) => result), library });
  const results = writes.map(({ value }) => ({ name: writer.value(value), value }));
  lines.push(writer.statements);
  const bytes: number[] = [];
  results.forEach(({ name, value }, i) => {
    const at = reads.length + i;
    if (memory.inBytes(at)) {
      bytes.push(at);
      lines.push(`word${at} |= (u32(${name}) & 255u) << (u32(lane) * 8u);`);
    } else lines.push(memory.store(at, "p", numeric(name, value.dtype)));
  });
  return { statements: lines.join("\n"), bytes };
}

/** A truth as 0 or 1. */
export function numeric(value: string, dtype: string): string {
  return dtype === "bool" ? `i32(${value})` : value;
}
