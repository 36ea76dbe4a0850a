import { sizeOf } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import { spread } from "../wgsl/module.ts";
import { elementSource } from "./contraction-plain.ts";
import type { Contraction } from "./contraction.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import { inRows, type Kernel, type Kernels, workgroupNumber } from "./kernel.ts";

const size = 128;

/** A workgroup an output element: its invocations share the inner axes, neighbours next to each other. Best for few elements and long sums. */
export function sharedContraction(contraction: Contraction, ending: Ending): Kernels {
  return withEnding(ending, 1, (finish) => sharedKernel(contraction, finish));
}

function sharedKernel(contraction: Contraction, finish: Finish): Kernel {
  const { name, batch, rows, columns, inner } = contraction;
  const elements = batch * sizeOf(rows) * sizeOf(columns);
  const workgroups = inRows(elements);
  return {
    name: `${name} shared`,
    operands: [...contraction.operands, ...finish.operands],
    workgroups,
    size,
    workgroupBytes: 4 * size,
    source(memory) {
      const library = new Library();
      const element = elementSource(contraction, memory);
      const innerAxes = spread("k", inner, "k");
      const body = `let element = ${workgroupNumber(workgroups)};
if (element >= ${elements}) { return; }
let part = 0;
${element.statements}
var sum = 0.0f;
for (var k = i32(local); k < ${sizeOf(inner)}; k += ${size}) {
${innerAxes.statements}
${element.product(innerAxes.names, "k")}
sum = fma(left, right, sum);
}
sums[local] = sum;
workgroupBarrier();
for (var half = ${size / 2}u; half > 0u; half = half >> 1u) {
if (local < half) { sums[local] += sums[local + half]; }
workgroupBarrier();
}
if (local == 0u) {
${finish.store(memory, library, element.position, "sums[0]")}
}`;
      return { library, declarations: `var<workgroup> sums: array<f32, ${size}>;\n`, body };
    },
  };
}
