import type { Combine, Scalar } from "@gradus/tensor";
import type { Library } from "./library.ts";
import { literal, shaderTypes } from "./types.ts";

/** How one reduction is carried along in a shader: a value, and for argmax and argmin its position. */
export interface Reduction {
  /** Variables that hold it, with their types and what they start from. */
  readonly fields: readonly { readonly name: string; readonly type: "f32" | "i32"; readonly start: string }[];
  /** Statements that take in a value found at `position`. */
  take(value: string, position: string): string;
  /** Statements that take in another such reduction, given as expressions for its fields. */
  merge(other: readonly string[]): string;
  /** WGSL's function that does the same over a subgroup; null where it has none that means the same. */
  readonly collective: string | null;
  /** What the reduction comes to. */
  readonly result: string;
}

/** A sum in the variable `name`. */
export function sumOf(name: string, type: "f32" | "i32", start: string): Reduction {
  return single({ name, type, start }, "subgroupAdd", (other) => `${name} + ${other}`);
}

function single(field: Reduction["fields"][number], collective: string | null, next: (other: string) => string): Reduction {
  const { name } = field;
  return {
    fields: [field],
    take: (taken) => `${name} = ${next(taken)};`,
    merge: ([other = ""]) => `${name} = ${next(other)};`,
    collective,
    result: name,
  };
}

/** Beyond every position. */
const nowhere = 2147483647;

/** A reduction in variables called after `name`. */
export function reductionOf(
  { combine, value }: { readonly combine: Combine; readonly value: Scalar },
  name: string,
  library: Library,
): Reduction {
  const type = shaderTypes[value.dtype] === "f32" ? "f32" : "i32";
  const dtype = type === "f32" ? "float32" : "int32";
  const least = type === "f32" ? Number.NEGATIVE_INFINITY : -2147483648;
  const most = type === "f32" ? Number.POSITIVE_INFINITY : 2147483647;
  const constant = (number: number): string => {
    if (dtype === "float32") library.need("fromBits");
    return literal(dtype, number);
  };
  switch (combine) {
    case "sum":
      return sumOf(name, type, constant(0));
    case "prod":
      return single({ name, type, start: constant(1) }, "subgroupMul", (other) => `${name} * ${other}`);
    case "max":
    case "min": {
      const inFloats = combine === "max" ? "maximum" : "minimum";
      if (type === "f32") library.need(inFloats);
      // A NaN among floats is the result, of which WGSL's own says nothing.
      const collective = type === "f32" ? null : combine === "max" ? "subgroupMax" : "subgroupMin";
      const start = constant(combine === "max" ? least : most);
      return single({ name, type, start }, collective, (other) => `${type === "f32" ? inFloats : combine}(${name}, ${other})`);
    }
    case "argmax":
    case "argmin": {
      const at = `${name}At`;
      if (type === "f32") library.need("isNaN");
      const ahead = combine === "argmax" ? ">" : "<";
      const merge = ([other = "", otherAt = ""]: readonly string[]): string => {
        // The first NaN wins, then the first extreme.
        const nan = type === "f32" ? `isNaN(${other})` : "false";
        const mine = type === "f32" ? `isNaN(${name})` : "false";
        const equal = `(${other} == ${name} || (${nan} && ${mine})) && ${otherAt} < ${at}`;
        const better = `(!${mine} && (${nan} || ${other} ${ahead} ${name}))`;
        return `if (${otherAt} != ${nowhere} && (${at} == ${nowhere} || ${better} || (${equal}))) { ${name} = ${other}; ${at} = ${otherAt}; }`;
      };
      return {
        fields: [
          { name, type, start: constant(combine === "argmax" ? least : most) },
          { name: at, type: "i32", start: String(nowhere) },
        ],
        take: (taken, position) => merge([taken, position]),
        merge,
        collective: null,
        result: at,
      };
    }
  }
  combine satisfies never;
  throw new RangeError("unknown reduction");
}
