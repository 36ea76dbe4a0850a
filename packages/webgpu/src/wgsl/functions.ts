import { arithmetic } from "./functions/arithmetic.ts";
import { exponential } from "./functions/exponential.ts";
import { half } from "./functions/half.ts";
import { power } from "./functions/power.ts";
import { trigonometric } from "./functions/trigonometric.ts";

/** What a device may have beyond plain WGSL, by the names that shaders enable it with. */
export type Extension = "f16" | "subgroups";

/** One function of a shader module. */
export interface ShaderFunction {
  readonly source: string;
  /** Other functions it calls. */
  readonly needs: readonly FunctionName[];
}

const table = { ...arithmetic, ...exponential, ...half, ...power, ...trigonometric } as const;

export type FunctionName = keyof typeof table;

/**
 * What leaves call where WGSL's own functions are too inexact, or say nothing of NaN and infinities: WGSL lets an
 * implementation assume that there are none, so they are told by their bits. Bounds of error are those of `@gradus/wasm`, whose
 * polynomials these are, in float32 throughout.
 */
export const functions: Readonly<Record<FunctionName, ShaderFunction>> = table;
