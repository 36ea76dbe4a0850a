import { Library } from "../wgsl/library.ts";
import type { ShaderMemory } from "../wgsl/memory.ts";
import { inRows, type Kernel, type Kernels, type Operand, workgroupNumber } from "./kernel.ts";

const size = 256;

/** What is sorted, row by row, by an i32 of each element. */
export interface Sorting {
  /** What it is for, in the kernels' names. */
  readonly name: string;
  readonly rows: number;
  readonly n: number;
  /** What `key` reads, as operand 0. */
  readonly source: Operand;
  /** WGSL that sets `key` for the element `first + own`. */
  readonly key: (memory: ShaderMemory) => string;
  /** Where the positions go; with the keys into the workspace when null. */
  readonly positions: Operand | null;
}

/**
 * A merge sort of each row without exchange between workgroups: blocks are sorted in workgroup memory by counting what comes before
 * each, then runs are merged in pairs, each element finding its place by a search in the run beside its own. Equals keep their order.
 */
export function sortKernels(sorting: Sorting): Kernels {
  const { rows, n, source, positions } = sorting;
  const passes = mergePasses(n);
  const workspace: Operand = { kind: "workspace", words: sortWords(rows * n), written: true };
  const last = (pass: number): readonly Operand[] => (positions !== null && pass === passes ? [positions] : []);
  const direct = passes === 0 && positions !== null;
  return [
    sortBlocks(sorting, [source, direct ? positions : workspace], direct),
    ...Array.from({ length: passes }, (_, pass) => mergeRuns(sorting, pass, [workspace, ...last(pass + 1)])),
  ];
}

/** Words of the workspace that a sort takes: keys and positions, twice, what is merged and what it is merged into. */
export function sortWords(count: number): number {
  return 4 * count;
}

/** First words of the keys and of the positions when rows of `n` are sorted, or after so many passes. */
export function sortedHalves(count: number, n: number, passes = mergePasses(n)): { readonly keys: number; readonly positions: number } {
  const keys = (passes % 2) * 2 * count;
  return { keys, positions: keys + count };
}

function mergePasses(n: number): number {
  return Math.max(0, Math.ceil(Math.log2(n / size)));
}

/** Blocks of up to 256 of a row, as many in a workgroup as there is room for; with `direct`, a row is one block and its positions are the result. */
function sortBlocks({ name, rows, n, key }: Sorting, operands: readonly Operand[], direct: boolean): Kernel {
  const width = Math.min(n, size);
  const together = Math.floor(size / width);
  const perRow = Math.ceil(n / width);
  const workgroups = inRows(Math.ceil((rows * perRow) / together));
  const to = sortedHalves(rows * n, n, 0);
  return {
    name: `${name} sort blocks`,
    operands,
    workgroups,
    size,
    workgroupBytes: 4 * size,
    source(memory) {
      const stored = direct
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
${key(memory)}
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

function mergeRuns({ name, rows, n }: Sorting, pass: number, operands: readonly Operand[]): Kernel {
  const count = rows * n;
  const run = size * 2 ** pass;
  const workgroups = inRows(Math.ceil(count / size));
  const [from, to] = [sortedHalves(count, n, pass), sortedHalves(count, n, pass + 1)];
  return {
    name: `${name} merge runs of ${run}`,
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
