import type { LibraryCall } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import { sortedHalves, sortKernels, sortWords } from "./stable-sort.ts";
import { inRows, type Kernel, type Kernels, type Operand, workgroupNumber } from "./kernel.ts";

const size = 256;

/**
 * Sorts the updates by their row, and each invocation adds up those of its element, which then follow each other: work that grows
 * with the updates, not with updates times rows. The sort keeps the order of equals, so that sums are those of `scatterAddKernels` to the bit.
 */
export function sortedScatterAddKernels(
  call: LibraryCall<"scatterAdd">,
  [index, updates, out]: readonly [Operand, Operand, Operand],
): Kernels {
  const count = sizeOf(call.x.index.shape);
  const last = (call.out.shape[0] ?? 0) - 1;
  return [
    ...sortKernels({
      name: "scatterAdd",
      rows: 1,
      n: count,
      source: index,
      positions: null,
      key: (memory) => `key = clamp(i32(${memory.load(0, "first + own")}), 0, ${last});`,
    }),
    addSegments(call, [updates, { kind: "workspace", words: sortWords(count), written: true }, out]),
  ];
}

function addSegments({ x: { index, updates }, out }: LibraryCall<"scatterAdd">, operands: readonly Operand[]): Kernel {
  const count = sizeOf(index.shape);
  const inner = sizeOf(updates.shape.slice(1));
  const elements = (out.shape[0] ?? 0) * inner;
  const workgroups = inRows(Math.ceil(elements / size));
  const { keys: rows, positions: numbers } = sortedHalves(count, count);
  return {
    name: "scatterAdd add segments",
    operands,
    workgroups,
    size,
    source(memory) {
      const body = `let element = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (element >= ${elements}) { return; }
let row = element / ${inner};
let place = element % ${inner};
var low = 0;
var high = ${count};
while (low < high) {
let middle = (low + high) / 2;
if (${memory.load(1, `${rows} + middle`)} < row) { low = middle + 1; } else { high = middle; }
}
var sum = 0.0f;
for (var i = low; i < ${count}; i++) {
if (${memory.load(1, `${rows} + i`)} != row) { break; }
sum += ${memory.load(0, `${memory.load(1, `${numbers} + i`)} * ${inner} + place`)};
}
${memory.store(2, "element", "sum")}`;
      return { library: new Library(), body };
    },
  };
}
