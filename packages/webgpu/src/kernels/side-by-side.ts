import { Library } from "../wgsl/library.ts";
import { subgroupParameters } from "../wgsl/module.ts";
import { inRows, type Kernel, workgroupNumber } from "./kernel.ts";

/** Workgroups from which a kernel fills a device by itself. */
const large = 1024;
/** Workgroup memory for all kernels of a dispatch: half of what every device has, so that two workgroups fit beside each other. */
const mostBytes = 8192;

/**
 * Kernels that need nothing of each other as few dispatches: each runs in workgroups of its own, side by side. Small kernels
 * leave most of a device idle, and between dispatches it waits for the last workgroup.
 *
 * `fits` tells whether a device can bind what some kernels touch.
 */
export function sideBySide(kernels: readonly Kernel[], fits: (kernels: readonly Kernel[]) => boolean): readonly Kernel[] {
  const together: Kernel[][] = [];
  for (const kernel of kernels) {
    const place = together.find((others) => mayJoin(others, kernel) && fits([...others, kernel]));
    if (place === undefined) together.push([kernel]);
    else place.push(kernel);
  }
  return together.map((each) => joined(each));
}

function mayJoin(others: readonly Kernel[], kernel: Kernel): boolean {
  const [first] = others;
  const all = [...others, kernel];
  const bytes = all.reduce((sum, { workgroupBytes = 0 }) => sum + workgroupBytes, 0);
  return (
    first?.size === kernel.size && bytes <= mostBytes && all.every(isFlat) && all.filter((each) => each.workgroups[0] >= large).length <= 1
  );
}

function isFlat({ workgroups: [, y, z] }: Kernel): boolean {
  return y === 1 && z === 1;
}

function joined(kernels: readonly Kernel[]): Kernel {
  const [only] = kernels;
  if (only !== undefined && kernels.length === 1) return only;
  const starts = kernels.map((_, i) => kernels.slice(0, i).reduce((sum, { workgroups: [count] }) => sum + count, 0));
  const total = kernels.reduce((sum, { workgroups: [count] }) => sum + count, 0);
  const workgroups = inRows(total);
  return {
    name: kernels.map(({ name }) => name).join(" | "),
    operands: kernels.flatMap(({ operands }) => operands),
    workgroups,
    size: only?.size ?? 1,
    source(memory) {
      const library = new Library();
      let first = 0;
      let declarations = "";
      const calls: string[] = [];
      kernels.forEach((kernel, i) => {
        const parts = kernel.source(memory.from(first));
        first += kernel.operands.length;
        library.include(parts.library);
        const [own, body] = withOwnNames(parts.declarations ?? "", parts.body, `_${i}`);
        const inSubgroups = parts.library.extensions.has("subgroups");
        const parameters = inSubgroups ? `, ${subgroupParameters()}` : "";
        const passed = inSubgroups ? ", subgroupLane, subgroupWidth" : "";
        declarations += `${own}fn part${i}(group: vec3<u32>, local: u32${parameters}) {\n${body}\n}\n`;
        const end = (starts[i] ?? 0) + kernel.workgroups[0];
        calls.push(`if (number < ${end}) { part${i}(vec3<u32>(u32(number - ${starts[i] ?? 0}), 0u, 0u), local${passed}); return; }`);
      });
      return { library, declarations, body: `let number = ${workgroupNumber(workgroups)};\n${calls.join("\n")}` };
    },
  };
}

/** What a kernel declares at module scope, under names that no other kernel has. */
function withOwnNames(declarations: string, body: string, suffix: string): readonly [declarations: string, body: string] {
  const names = [...declarations.matchAll(/(?:var<workgroup>|fn|const|struct)\s+(\w+)/g)].map(([, name = ""]) => name);
  if (names.length === 0) return [declarations, body];
  const pattern = new RegExp(`\\b(${names.join("|")})\\b`, "g");
  const rename = (source: string): string => source.replaceAll(pattern, `$1${suffix}`);
  return [rename(declarations), rename(body)];
}
