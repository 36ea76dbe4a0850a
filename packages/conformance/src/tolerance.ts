import { type DType, type ErasedOp, isFloat } from "@gradus/tensor";

/** How far a backend's value may be from float64: in parts of the tensor's largest magnitude. */
export interface Tolerance {
  readonly relative: number;
  /** What is allowed however small the tensor's values are. */
  readonly absolute: number;
}

export const exact: Tolerance = { relative: 0, absolute: 0 };
export const single: Tolerance = { relative: 1e-5, absolute: 1e-7 };

/** A unit in the last place of the largest half: computed in float32 and rounded once, a value is within half of one, and the last bit may fall either way. */
export const half: Tolerance = { relative: 2 ** -10, absolute: 2 ** -24 };
/** Gradients are several ops, each rounded to halves, and some take what is near one from one. */
const halfGradient: Tolerance = { relative: 2 ** -7, absolute: 2 ** -10 };

/**
 * Tolerance belongs to dtype and trait: integers and what only moves values are exact, the rest is within 1e-5 of the maximum,
 * or for float16 within a unit in the last place of it.
 */
export function toleranceOf(op: ErasedOp, dtype: DType): Tolerance {
  if (!isFloat(dtype) || (op.kind === "loop" && op.access === "view")) return exact;
  return dtype === "float16" ? half : single;
}

/** How far the gradient of one op may be from float64. */
export function gradientToleranceOf(dtype: DType): Tolerance {
  return dtype === "float16" ? halfGradient : single;
}

/** The worst disagreement between two arrays, or null if all are within the tolerance. */
export function disagreement(got: ArrayLike<number>, want: ArrayLike<number>, { relative, absolute }: Tolerance): string | null {
  if (got.length !== want.length) return `${got.length} values instead of ${want.length}`;
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    const magnitude = Math.abs(want[i] ?? 0);
    if (magnitude > largest && magnitude < Number.POSITIVE_INFINITY) largest = magnitude;
  }
  const bound = relative === 0 ? absolute : Math.max(absolute, relative * largest);
  let worst = 0;
  let at = -1;
  for (let i = 0; i < want.length; i++) {
    const gap = distance(got[i] ?? Number.NaN, want[i] ?? Number.NaN);
    if (gap > worst) [worst, at] = [gap, i];
  }
  if (worst <= bound) return null;
  return `element ${at} is ${got[at]} and should be ${want[at]} (off by ${worst.toPrecision(3)}, ${bound === 0 ? "must be equal" : `allowed ${bound.toPrecision(3)}`})`;
}

/** Zero for equal values, two NaNs and equal infinities; infinite where only one of them is finite. */
function distance(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const gap = Math.abs(a - b);
  return Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap;
}
