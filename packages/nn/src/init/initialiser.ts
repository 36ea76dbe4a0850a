import type { Shape, TruncatedNormalOptions } from "@gradus/tensor";

/** Makes a parameter's first values, row-major. It draws from `random` only, so the same seed gives the same values. */
export type Initialiser = (shape: Shape, random: InitialRandom) => Float32Array;

/** The random numbers an initialiser may draw. Each call starts the parameter's stream anew. */
export interface InitialRandom {
  /** `count` numbers drawn uniformly from low .. high. */
  uniform(count: number, low: number, high: number): Float32Array;
  /** `count` numbers drawn from a normal distribution. */
  normal(count: number, mean: number, std: number): Float32Array;
  /** `count` numbers drawn from a normal distribution cut off at two bounds. */
  truncatedNormal(count: number, options: TruncatedNormalOptions): Float32Array;
  /** A stream apart from this one, for initialisers that need two. */
  fork(purpose: string): InitialRandom;
}
