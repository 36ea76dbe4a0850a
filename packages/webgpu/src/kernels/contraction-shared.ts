import { sizeOf } from "@gradus/tensor";
import { mergeCode } from "../loop/tree.ts";
import { sumOf } from "../wgsl/combine.ts";
import { Library } from "../wgsl/library.ts";
import { spread } from "../wgsl/module.ts";
import { elementSource } from "./contraction-plain.ts";
import type { Contraction } from "./contraction.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import { inRows, type Kernel, type Kernels, workgroupNumber } from "./kernel.ts";

const size = 128;

/** A workgroup an output element: its invocations share the inner axes, neighbours next to each other. Best for few elements and long sums. */
export function sharedContraction(contraction: Contraction, ending: Ending, subgroups: boolean): Kernels {
  return withEnding(ending, 1, (finish) => sharedKernel(contraction, finish, subgroups));
}

function sharedKernel(contraction: Contraction, finish: Finish, subgroups: boolean): Kernel {
  const { name, batch, rows, columns, inner } = contraction;
  const elements = batch * sizeOf(rows) * sizeOf(columns);
  const workgroups = inRows(elements);
  return {
    name: `${name} shared${subgroups ? " in subgroups" : ""}`,
    operands: [...contraction.operands, ...finish.operands],
    workgroups,
    size,
    workgroupBytes: 4 * size,
    source(memory) {
      const library = new Library();
      const element = elementSource(contraction, memory);
      const innerAxes = spread("k", inner, "k");
      const merged = mergeCode([sumOf("sum", "f32", "0.0f")], { size, together: 1, subgroups }, library);
      const body = `let element = ${workgroupNumber(workgroups)};
if (element >= ${elements}) { return; }
let part = 0;
${element.statements}
let lane = i32(local);
var sum = 0.0f;
for (var k = lane; k < ${sizeOf(inner)}; k += ${size}) {
${innerAxes.statements}
${element.product(innerAxes.names, "k")}
sum = fma(left, right, sum);
}
${merged.statements}
if (lane == 0) {
${finish.store(memory, library, element.position, "sum")}
}`;
      return { library, declarations: merged.declarations, body };
    },
  };
}
