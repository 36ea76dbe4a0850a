import type { LoopStep } from "@gradus/compile";
import { axisCoefficient, type IndexAtom, type IndexExpression, loadsOf, type Scalar, sizeOf } from "@gradus/tensor";
import { inRows, type Kernel, type Operand, workgroupNumber } from "../kernels/kernel.ts";
import { Library } from "../wgsl/library.ts";
import type { ShaderMemory } from "../wgsl/memory.ts";
import { spread } from "../wgsl/module.ts";
import { ScalarWriter } from "../wgsl/scalar-writer.ts";
import { numeric } from "./element.ts";

const size = 256;
/** Results from which a quarter as many invocations still keep a device busy. */
const least = 65_536;
const lanes = [0, 1, 2, 3] as const;

/** Whether a loop nest without reductions is worth four results to an invocation: then its loads are few and large, as memory wants them. */
export function isInVectors({ extents, terms, writes }: LoopStep): boolean {
  const last = extents.at(-1) ?? 1;
  return terms.length === 0 && last % 4 === 0 && sizeOf(extents) >= least && !writes.some(({ value }) => readsByValue(value));
}

/** Each invocation computes four results next to each other: what it reads along the last axis, and what it writes, are vectors where memory grants them. */
export function vectorKernel(step: LoopStep, operands: readonly Operand[]): Kernel {
  const vectors = sizeOf(step.extents) / 4;
  const workgroups = inRows(Math.ceil(vectors / size));
  return {
    name: `map in fours ${step.label}`,
    operands,
    workgroups,
    size,
    source(memory) {
      const library = new Library();
      const outer = spread("p", step.extents, "i");
      const last = outer.names.at(-1) ?? "p";
      const axes = lanes.map((lane) => [...outer.names.slice(0, -1), lane === 0 ? last : `${last}_${lane}`]);
      const loads = loadsOnce(step, memory, library, axes);
      const results = lanes.map((lane) => {
        const load = (buffer: number, index: string): string => loads.values.get(keyOf(buffer, index)) ?? memory.load(buffer, index);
        const writer = new ScalarWriter({ load, axes: axes[lane] ?? [], accumulators: [], library }, `lane${lane}v`);
        const values = step.writes.map(({ value }) => numeric(writer.value(value), value.dtype));
        return { statements: writer.statements, values };
      });
      const stores = step.writes.flatMap((_, write) => {
        const at = step.reads.length + write;
        const values = results.map((result) => result.values[write] ?? "");
        if (memory.isVectors(at)) return [memory.storeVector(at, "vector", `vec4<f32>(${values.join(", ")})`)];
        return values.map((value, lane) => memory.store(at, `p + ${lane}`, value));
      });
      const body = `let vector = ${workgroupNumber(workgroups)} * ${size} + i32(local);
if (vector >= ${vectors}) { return; }
let p = vector * 4;
${outer.statements}
${lanes
  .slice(1)
  .map((lane) => `let ${last}_${lane} = ${last} + ${lane};`)
  .join("\n")}
${loads.statements}
${results.map(({ statements }) => statements).join("\n")}
${stores.join("\n")}`;
      return { library, body };
    },
  };
}

/** Reads that serve all four lanes, and the name of each lane's value by buffer and index. */
function loadsOnce(
  step: LoopStep,
  memory: ShaderMemory,
  library: Library,
  axes: readonly (readonly string[])[],
): { readonly statements: string; readonly values: ReadonlyMap<string, string> } {
  const loads = loadsOf(step.writes.map(({ value }) => value));
  const across = new Set(loads.filter(({ at }) => !runsAlong(at, step.extents.length - 1)).map(({ buffer }) => buffer));
  const wanted = new Set(
    [...step.reads.keys(), ...step.writes.map((_, i) => step.reads.length + i)].filter((operand) => !across.has(operand)),
  );
  for (const operand of wanted) memory.asVectors(operand, wanted);
  const values = new Map<string, string>();
  const statements = loads.flatMap(({ buffer, at }, number) => {
    const indices = axes.map((names) => indexOf(at, names, library));
    const [first = "0"] = indices;
    const name = `read${number}`;
    if (values.has(keyOf(buffer, first))) return [];
    if (memory.isVectors(buffer)) {
      indices.forEach((index, lane) => values.set(keyOf(buffer, index), `${name}.${"xyzw"[lane] ?? ""}`));
      return [`let ${name} = ${memory.loadVector(buffer, `(${first}) >> 2u`)};`];
    }
    if (indices.some((index) => index !== first)) return [];
    values.set(keyOf(buffer, first), name);
    return [`let ${name} = ${memory.load(buffer, first)};`];
  });
  return { statements: statements.join("\n"), values };
}

/** Whether four neighbours along the axis are four in memory, from a multiple of four on. */
function runsAlong(at: IndexExpression, axis: number): boolean {
  const others = at.terms.filter(({ atom }) => !(atom.kind === "axis" && atom.axis === axis));
  return axisCoefficient(at, axis) === 1 && at.constant % 4 === 0 && others.every(({ coefficient }) => coefficient % 4 === 0);
}

function indexOf(at: IndexExpression, axes: readonly string[], library: Library): string {
  const load = (): string => {
    throw new RangeError("an index in fours reads no values");
  };
  const writer = new ScalarWriter({ load, axes, accumulators: [], library });
  return writer.index(at);
}

/** Whether any index of a scalar program depends on a value that is read, as a gather's does. */
function readsByValue(root: Scalar): boolean {
  const seen = new Set<Scalar>();
  const inAtom = (atom: IndexAtom): boolean => atom.kind === "value" || (atom.kind !== "axis" && inIndex(atom.of));
  const inIndex = ({ terms }: IndexExpression): boolean => terms.some(({ atom }) => inAtom(atom));
  const visit = (scalar: Scalar): boolean => {
    if (seen.has(scalar)) return false;
    seen.add(scalar);
    if (scalar.kind === "load") return inIndex(scalar.at);
    if (scalar.kind === "index") return inIndex(scalar.of);
    return scalar.kind === "call" && scalar.args.some(visit);
  };
  return visit(root);
}

function keyOf(buffer: number, index: string): string {
  return `${buffer} ${index}`;
}
