import type { LibraryCall } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import { type Ending, type Finish, withEnding } from "./finish.ts";
import { inRows, type Kernel, type Kernels, type Operand, workgroupNumber } from "./kernel.ts";

const size = 256;

/** Each invocation owns one element of the result and adds the updates that name its row, in their order: no two ever write one place. */
export function scatterAddKernels(
  call: LibraryCall<"scatterAdd">,
  operands: readonly [index: Operand, updates: Operand],
  write: Ending["write"],
): Kernels {
  return withEnding({ epilogue: null, write }, 1, (finish) => byRow(call, operands, finish));
}

function byRow({ x: { index, updates }, out }: LibraryCall<"scatterAdd">, operands: readonly Operand[], finish: Finish): Kernel {
  const count = index.shape[0] ?? 0;
  const rows = out.shape[0] ?? 0;
  const inner = sizeOf(updates.shape.slice(1));
  const elements = rows * inner;
  const workgroups = inRows(Math.ceil(elements / size));
  return {
    name: "scatterAdd by row",
    operands: [...operands, ...finish.operands],
    workgroups,
    size,
    source(memory) {
      const library = new Library();
      const body = `let element = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (element >= ${elements}) { return; }
let row = element / ${inner};
let place = element % ${inner};
let part = 0;
var sum = 0.0f;
for (var i = 0; i < ${count}; i++) {
if (clamp(i32(${memory.load(0, "i")}), 0, ${rows - 1}) == row) { sum += ${memory.load(1, `i * ${inner} + place`)}; }
}
${finish.store(memory, library, "element", "sum")}`;
      return { library, body };
    },
  };
}
