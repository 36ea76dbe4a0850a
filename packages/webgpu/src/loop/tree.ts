import type { LoopStep } from "@gradus/compile";
import type { Reduction } from "../wgsl/combine.ts";
import type { Library } from "../wgsl/library.ts";

/** WGSL by which the invocations of a workgroup merge what each of them has reduced. */
export interface MergeCode {
  readonly declarations: string;
  /** Afterwards the reductions of lane 0 hold all of it. */
  readonly statements: string;
}

export interface MergeOptions {
  readonly size: number;
  /** Neighbouring results that a workgroup reduces; `lane` of the kernel counts the invocations of one. */
  readonly together: number;
  readonly subgroups: boolean;
}

/** Merges inside subgroups where the device has them, and where neighbours share a result. */
export function mergeCode(reductions: readonly Reduction[], { size, together, subgroups }: MergeOptions, library: Library): MergeCode {
  return subgroups && together === 1 ? subgroupCode(reductions, size, library) : treeCode(reductions, size, together);
}

/** Merges in a tree of workgroup memory, with a barrier at each of its levels. */
function treeCode(reductions: readonly Reduction[], size: number, together: number): MergeCode {
  const merges = reductions.map((reduction) => reduction.merge(reduction.fields.map(({ name }) => `shared_${name}[other]`))).join("\n");
  const put = fieldsOf(reductions)
    .map(({ name }) => `shared_${name}[local] = ${name};`)
    .join("\n");
  const statements = `${put}
workgroupBarrier();
for (var half = ${size / together / 2}u; half > 0u; half = half >> 1u) {
if (u32(lane) < half) {
let other = local + half * ${together}u;
${merges}
${put}
}
workgroupBarrier();
}`;
  return { declarations: slots(reductions, size), statements };
}

/**
 * Merges inside the subgroups, then what these came to, with one barrier in all. Afterwards all invocations hold the result.
 *
 * WGSL does not say which invocations of a workgroup make up a subgroup, nor that subgroups are whole, only that the numbers in one
 * go from 0 up without a gap. So each invocation has a slot by its own number in the workgroup: number 0 of a subgroup
 * puts there what the subgroup came to, the others what changes nothing. Each subgroup then reads all slots, as many apart as it has
 * invocations. The order depends on nothing but how the device makes subgroups, where numbering them with a counter would
 * have made it a race.
 */
function subgroupCode(reductions: readonly Reduction[], size: number, library: Library): MergeCode {
  library.enable("subgroups");
  const fields = fieldsOf(reductions);
  const merge = (other: (name: string) => string): string =>
    reductions.map((reduction) => reduction.merge(reduction.fields.map(({ name }) => other(name)))).join("\n");
  const inSubgroup = reductions.map((reduction) => mergedInSubgroup(reduction)).join("\n");
  const statements = `let present = subgroupAdd(1u);
${inSubgroup}
${fields.map(({ name, start }) => `shared_${name}[local] = select(${start}, ${name}, subgroupLane == 0u);\n${name} = ${start};`).join("\n")}
workgroupBarrier();
for (var slot = subgroupLane; slot < ${size}u; slot += present) {
${merge((name) => `shared_${name}[slot]`)}
}
${inSubgroup}
${fields.map(({ name }) => `${name} = subgroupBroadcastFirst(${name});`).join("\n")}`;
  return { declarations: slots(reductions, size), statements };
}

/** Afterwards number 0 of each subgroup holds all of it. */
function mergedInSubgroup(reduction: Reduction): string {
  const { fields, collective } = reduction;
  if (collective !== null) return fields.map(({ name }) => `${name} = ${collective}(${name});`).join("\n");
  return `for (var mask = 1u; mask < subgroupWidth; mask = mask << 1u) {
${fields.map(({ name }) => `let other_${name} = subgroupShuffleXor(${name}, mask);`).join("\n")}
if ((subgroupLane ^ mask) < present) {
${reduction.merge(fields.map(({ name }) => `other_${name}`))}
}
}`;
}

function fieldsOf(reductions: readonly Reduction[]): Reduction["fields"] {
  return reductions.flatMap((reduction) => reduction.fields);
}

function slots(reductions: readonly Reduction[], size: number): string {
  return fieldsOf(reductions)
    .map(({ name, type }) => `var<workgroup> shared_${name}: array<${type}, ${size}>;\n`)
    .join("");
}

/** Bytes of workgroup memory that merging a step's reductions takes, at most: two words an invocation for each. */
export function reductionBytes({ terms }: LoopStep, size: number): number {
  return 8 * size * terms.length;
}
