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
  /** What the reduction comes to. */
  readonly result: string;
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
  const single = (start: number, next: (other: string) => string): Reduction => ({
    fields: [{ name, type, start: constant(start) }],
    take: (taken) => `${name} = ${next(taken)};`,
    merge: ([other = ""]) => `${name} = ${next(other)};`,
    result: name,
  });
  switch (combine) {
    case "sum":
      return single(0, (other) => `${name} + ${other}`);
    case "prod":
      return single(1, (other) => `${name} * ${other}`);
    case "max":
    case "min": {
      const inFloats = combine === "max" ? "maximum" : "minimum";
      if (type === "f32") library.need(inFloats);
      return single(combine === "max" ? least : most, (other) => `${type === "f32" ? inFloats : combine}(${name}, ${other})`);
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
        result: at,
      };
    }
  }
  combine satisfies never;
  throw new RangeError("unknown reduction");
}
