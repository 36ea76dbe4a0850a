import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import type { Aval, Fill, InputsOf, ValuesOf } from "./define.ts";

/** Host-side values in float64, for references only. */
export interface Host extends Aval {
  readonly data: Float64Array;
}

/** One input of a case: a shape of float32 values in -1..1, or a description of what to draw. */
export type CaseInput =
  | Shape
  | {
      readonly shape: Shape;
      readonly dtype?: DType;
      /** Values are drawn uniformly from this range (integers for integer dtypes, both ends included). */
      readonly range?: readonly [low: number, high: number];
      /** Exact values, instead of drawn ones. */
      readonly values?: readonly number[];
    };

export interface Case<O> {
  readonly x: Fill<InputsOf<O>, CaseInput>;
  readonly attrs: ValuesOf<O>;
}

/** What an op means and how it is tested. Kept beside the op, shipped to nobody. */
export interface Spec<O> {
  /** The obvious, slow, float64 definition every backend is tested against. */
  reference(x: Fill<InputsOf<O>, Host>, attrs: ValuesOf<O>, out: Aval): ArrayLike<number>;
  /** Run on every backend, forward and gradient. */
  readonly cases: readonly Case<O>[];
  /** Calls that must fail, and the code they must name. */
  readonly rejects: readonly (Case<O> & { readonly code: string })[];
  /** Why the gradient is not compared with finite differences, for ops that are steps or integers. */
  readonly noGradient?: string;
}
