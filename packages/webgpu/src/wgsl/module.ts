import type { Library } from "./library.ts";
import type { ShaderMemory } from "./memory.ts";

/** The parts of a compute shader, of which several may make one module. */
export interface ShaderParts {
  /** Functions it calls. */
  readonly library: Library;
  /** Module-scope declarations: workgroup memory, functions. */
  readonly declarations?: string;
  /**
   * The body of `main`; it sees `group`, the workgroup's id, and `local`, the invocation's number in it. Where its library enables
   * subgroups it sees `subgroupLane`, the invocation's number in its subgroup, and `subgroupWidth`, the invocations a whole one has.
   */
  readonly body: string;
}

/** A whole WGSL module. The memory's declarations depend on how the parts use it, so those are written first. */
export function shaderModule(memory: ShaderMemory, size: number, { library, declarations = "", body }: ShaderParts): string {
  for (const name of memory.needs) library.need(name);
  const extensions = new Set([...memory.extensions, ...library.extensions]);
  const enables = [...extensions].map((extension) => `enable ${extension};\n`).join("");
  const builtins = extensions.has("subgroups")
    ? `, ${subgroupParameters("@builtin(subgroup_invocation_id) ", "@builtin(subgroup_size) ")}`
    : "";
  return `${enables}${memory.declarations()}${library.source}${declarations}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32${builtins}) {
${body}
}
`;
}

/** The parameters by which a function sees its subgroup: WGSL knows the width to be the same everywhere only where it is handed down. */
export function subgroupParameters(lane = "", width = ""): string {
  return `${lane}subgroupLane: u32, ${width}subgroupWidth: u32`;
}

/** Statements that give the axes of a row-major position: `name0`, `name1`, ... */
export function spread(
  position: string,
  extents: readonly number[],
  name: string,
): { readonly names: readonly string[]; readonly statements: string } {
  const names = extents.map((_, axis) => `${name}${axis}`);
  let inner = 1;
  const statements: string[] = [];
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    const extent = extents[axis] ?? 1;
    const above = inner === 1 ? position : `${position} / ${inner}`;
    statements.unshift(`let ${names[axis] ?? ""} = ${axis === 0 ? above : `(${above}) % ${extent}`};`);
    inner *= extent;
  }
  return { names, statements: statements.join("\n") };
}
