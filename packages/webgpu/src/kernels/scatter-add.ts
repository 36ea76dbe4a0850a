import type { LibraryCall } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import { shaderModule } from "../wgsl/module.ts";
import { inRows, type Kernels, type Operand, workgroupNumber } from "./kernel.ts";

const size = 64;

/** Each invocation owns one element of the result and adds the updates that name its row, in their order: no two ever write one place. */
export function scatterAddKernels(
  { x: { index, updates }, out }: LibraryCall<"scatterAdd">,
  operands: readonly [Operand, Operand, Operand],
): Kernels {
  const count = index.shape[0] ?? 0;
  const rows = out.shape[0] ?? 0;
  const inner = sizeOf(updates.shape.slice(1));
  const elements = rows * inner;
  const workgroups = inRows(Math.ceil(elements / size));
  return [
    {
      name: "scatterAdd by row",
      operands,
      workgroups,
      source(memory) {
        const body = `let element = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (element >= ${elements}) { return; }
let row = element / ${inner};
let place = element % ${inner};
var sum = 0.0f;
for (var i = 0; i < ${count}; i++) {
if (clamp(i32(${memory.load(0, "i")}), 0, ${rows - 1}) == row) { sum += ${memory.load(1, `i * ${inner} + place`)}; }
}
${memory.store(2, "element", "sum")}`;
        return shaderModule({ memory, library: new Library(), size, body });
      },
    },
  ];
}
