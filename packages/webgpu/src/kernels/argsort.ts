import type { LibraryCall } from "@gradus/compile";
import { isFloat } from "@gradus/tensor";
import { Library } from "../wgsl/library.ts";
import { inRows, type Kernel, type Kernels, type Operand, workgroupNumber } from "./kernel.ts";

const size = 256;

/**
 * A merge sort of each row without exchange between workgroups: blocks are sorted in workgroup memory by counting what comes before
 * each, then runs are merged in pairs, each element finding its place by a search in the run beside its own. Equals keep their order.
 */
export function argsortKernels(call: LibraryCall<"argsort">, [x, out]: readonly [Operand, Operand]): Kernels {
  const [rows = 0, n = 0] = call.out.shape;
  if (rows * n === 0) return [];
  const passes = Math.max(0, Math.ceil(Math.log2(n / size)));
  // Keys and positions, twice: what is merged, and what it is merged into.
  const workspace: Operand = { kind: "workspace", words: 4 * rows * n, written: true };
  if (passes === 0) return [sortBlocks(call, [x, out])];
  return [
    sortBlocks(call, [x, workspace]),
    ...Array.from({ length: passes }, (_, pass) => mergeRuns(call, pass, pass === passes - 1 ? [workspace, out] : [workspace])),
  ];
}

/** First words of the keys and of the positions, as they are after so many passes. */
function halves(count: number, passes: number): { readonly keys: number; readonly positions: number } {
  const keys = (passes % 2) * 2 * count;
  return { keys, positions: keys + count };
}

/** Blocks of up to 256 of a row, as many in a workgroup as there is room for. Where a row is one block, its positions are the result. */
function sortBlocks({ x: { x }, attrs: { descending }, out }: LibraryCall<"argsort">, operands: readonly [Operand, Operand]): Kernel {
  const [rows = 0, n = 0] = out.shape;
  const width = Math.min(n, size);
  const together = Math.floor(size / width);
  const perRow = Math.ceil(n / width);
  const workgroups = inRows(Math.ceil((rows * perRow) / together));
  const to = halves(rows * n, 0);
  return {
    name: "argsort sort blocks",
    operands,
    workgroups,
    size,
    workgroupBytes: 4 * size,
    source(memory) {
      const stored =
        perRow === 1
          ? memory.store(1, "first + before", "start + own")
          : `${memory.store(1, `${to.keys} + first + before`, "key")}
${memory.store(1, `${to.positions} + first + before`, "start + own")}`;
      const body = `let own = i32(local) % ${width};
let block = ${workgroupNumber(workgroups)} * ${together} + i32(local) / ${width};
let row = block / ${perRow};
let start = block % ${perRow} * ${width};
let first = row * ${n} + start;
let there = select(0, min(${n} - start, ${width}), row < ${rows} && i32(local) < ${together * width});
var key = 0;
if (own < there) {
${keyOf(isFloat(x.dtype), descending, memory.load(0, "first + own"))}
}
blockKeys[local] = key;
workgroupBarrier();
if (own >= there) { return; }
var before = 0;
for (var i = 0; i < there; i++) {
let other = blockKeys[i32(local) - own + i];
before += select(0, 1, other < key || (other == key && i < own));
}
${stored}`;
      return { library: new Library(), declarations: `var<workgroup> blockKeys: array<i32, ${size}>;\n`, body };
    },
  };
}

/** WGSL that sets `key` to an i32 that is ordered as the values are wanted. */
function keyOf(float: boolean, descending: boolean, value: string): string {
  const ordered = float
    ? `let bits = bitcast<i32>(${value});
let magnitude = bits & 0x7fffffff;
key = select(select(bits, -magnitude, bits < 0), 0x7fffffff, magnitude > 0x7f800000);`
    : `key = ${value};`;
  return descending ? `${ordered}\nkey = ~key;` : ordered;
}

function mergeRuns({ out }: LibraryCall<"argsort">, pass: number, operands: readonly Operand[]): Kernel {
  const [rows = 0, n = 0] = out.shape;
  const count = rows * n;
  const run = size * 2 ** pass;
  const workgroups = inRows(Math.ceil(count / size));
  const [from, to] = [halves(count, pass), halves(count, pass + 1)];
  return {
    name: `argsort merge runs of ${run}`,
    operands,
    workgroups,
    size,
    source(memory) {
      const position = memory.load(0, `${from.positions} + element`);
      const stored =
        operands.length > 1
          ? memory.store(1, "place", position)
          : `${memory.store(0, `${to.keys} + place`, "key")}
${memory.store(0, `${to.positions} + place`, position)}`;
      const body = `let element = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (element >= ${count}) { return; }
let row = element / ${n} * ${n};
let own = element - row;
let key = ${memory.load(0, `${from.keys} + element`)};
let start = own / ${run} * ${run};
let isLeft = start / ${run} % 2 == 0;
let other = select(start - ${run}, start + ${run}, isLeft);
// Equals of the left run come first.
var low = min(other, ${n});
var high = min(other + ${run}, ${n});
while (low < high) {
let middle = (low + high) / 2;
let there = ${memory.load(0, `${from.keys} + row + middle`)};
if (there < key || (there == key && !isLeft)) { low = middle + 1; } else { high = middle; }
}
let place = row + min(start, other) + (own - start) + (low - min(other, ${n}));
${stored}`;
      return { library: new Library(), body };
    },
  };
}
