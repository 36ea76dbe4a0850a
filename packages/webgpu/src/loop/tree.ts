import type { LoopStep } from "@gradus/compile";
import type { Reduction } from "../wgsl/combine.ts";

/** Code for the invocations of a workgroup to merge their reductions: afterwards those of lane 0 hold all of it. */
export function treeCode(
  reductions: readonly Reduction[],
  { size, together }: { readonly size: number; readonly together: number },
): { readonly declarations: string; readonly statements: string } {
  const fields = reductions.flatMap((reduction) => reduction.fields);
  const declarations = fields.map(({ name, type }) => `var<workgroup> shared_${name}: array<${type}, ${size}>;\n`).join("");
  const merges = reductions.map((reduction) => reduction.merge(reduction.fields.map(({ name }) => `shared_${name}[other]`))).join("\n");
  const put = fields.map(({ name }) => `shared_${name}[local] = ${name};`).join("\n");
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
  return { declarations, statements };
}

/** Bytes of workgroup memory that the trees of a step's reductions take, at most: two words an invocation for each. */
export function reductionBytes({ terms }: LoopStep, size: number): number {
  return 8 * size * terms.length;
}
