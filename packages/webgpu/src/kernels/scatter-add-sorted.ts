import type { LibraryCall } from "@gradus/compile";
import { sizeOf } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import { inRows, type Kernel, type Kernels, type Operand, workgroupNumber } from "./kernel.ts";

const size = 256;

/**
 * Sorts the updates by their row, and each invocation adds up those of its element, which then follow each other: work that grows
 * with the updates, not with updates times rows. The sort keeps the order of equals, so that sums are those of `scatterAddKernels` to the bit.
 *
 * It is a merge sort without exchange between workgroups: blocks are sorted in workgroup memory, then runs are merged in pairs, each
 * update finding its place by a search in the run beside its own.
 */
export function sortedScatterAddKernels(
  call: LibraryCall<"scatterAdd">,
  [index, updates, out]: readonly [Operand, Operand, Operand],
): Kernels {
  const count = sizeOf(call.x.index.shape);
  const passes = Math.max(0, Math.ceil(Math.log2(count / size)));
  // Rows and update numbers, twice: what is merged, and what it is merged into.
  const workspace: Operand = { kind: "workspace", words: 4 * count, written: true };
  return [
    sortBlocks(call, [index, workspace]),
    ...Array.from({ length: passes }, (_, pass) => mergeRuns(count, pass, workspace)),
    addSegments(call, [updates, workspace, out], passes),
  ];
}

/** First words of the rows and of the update numbers, as they are after so many passes. */
function halves(count: number, passes: number): { readonly rows: number; readonly numbers: number } {
  const rows = (passes % 2) * 2 * count;
  return { rows, numbers: rows + count };
}

function sortBlocks({ x: { index }, out }: LibraryCall<"scatterAdd">, operands: readonly [Operand, Operand]): Kernel {
  const count = sizeOf(index.shape);
  const rows = out.shape[0] ?? 0;
  const workgroups = inRows(Math.ceil(count / size));
  const to = halves(count, 0);
  return {
    name: "scatterAdd sort blocks",
    operands,
    workgroups,
    size,
    workgroupBytes: 4 * size,
    source(memory) {
      const body = `let start = ${workgroupNumber(workgroups)} * ${size};
let own = i32(local);
let there = min(${count} - start, ${size});
var row = 0;
if (own < there) { row = clamp(i32(${memory.load(0, "start + own")}), 0, ${rows - 1}); }
blockRows[own] = row;
workgroupBarrier();
if (own >= there) { return; }
var before = 0;
for (var i = 0; i < there; i++) {
let other = blockRows[i];
before += select(0, 1, other < row || (other == row && i < own));
}
${memory.store(1, `${to.rows} + start + before`, "row")}
${memory.store(1, `${to.numbers} + start + before`, "start + own")}`;
      return { library: new Library(), declarations: `var<workgroup> blockRows: array<i32, ${size}>;\n`, body };
    },
  };
}

function mergeRuns(count: number, pass: number, workspace: Operand): Kernel {
  const run = size * 2 ** pass;
  const workgroups = inRows(Math.ceil(count / size));
  const [from, to] = [halves(count, pass), halves(count, pass + 1)];
  return {
    name: `scatterAdd merge runs of ${run}`,
    operands: [workspace],
    workgroups,
    size,
    source(memory) {
      const body = `let own = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (own >= ${count}) { return; }
let row = ${memory.load(0, `${from.rows} + own`)};
let start = own / ${run} * ${run};
let isLeft = start / ${run} % 2 == 0;
let other = select(start - ${run}, start + ${run}, isLeft);
// Equals of the left run come first.
var low = min(other, ${count});
var high = min(other + ${run}, ${count});
while (low < high) {
let middle = (low + high) / 2;
let there = ${memory.load(0, `${from.rows} + middle`)};
if (there < row || (there == row && !isLeft)) { low = middle + 1; } else { high = middle; }
}
let place = min(start, other) + (own - start) + (low - min(other, ${count}));
${memory.store(0, `${to.rows} + place`, "row")}
${memory.store(0, `${to.numbers} + place`, memory.load(0, `${from.numbers} + own`))}`;
      return { library: new Library(), body };
    },
  };
}

function addSegments({ x: { index, updates }, out }: LibraryCall<"scatterAdd">, operands: readonly Operand[], passes: number): Kernel {
  const count = sizeOf(index.shape);
  const inner = sizeOf(updates.shape.slice(1));
  const elements = (out.shape[0] ?? 0) * inner;
  const workgroups = inRows(Math.ceil(elements / size));
  const { rows, numbers } = halves(count, passes);
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
