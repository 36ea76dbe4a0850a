import type { Shape } from "@gradus/tensor";
import type { Operand } from "./kernel.ts";
import type { ShaderMemory } from "../wgsl/memory.ts";

/** Where a contraction reads one of its factors: an element of an operand, or zero where `inside` is false. */
export interface Factor {
  readonly index: string;
  /** A WGSL condition; null where it always holds. */
  readonly inside: string | null;
}

/**
 * A sum of products over three kinds of axes, which is what matmul and the convolutions are:
 * out[z, row, column] = Σ over inner of left[z, row, inner] * right[z, column, inner].
 *
 * Axes may have several extents each (a convolution's columns are images and pixels); factors are found from their names in WGSL.
 */
export interface Contraction {
  readonly name: string;
  /** Left and right. */
  readonly operands: readonly [Operand, Operand];
  readonly batch: number;
  readonly rows: Shape;
  readonly columns: Shape;
  readonly inner: Shape;
  readonly left: (z: string, rows: readonly string[], inner: readonly string[]) => Factor;
  readonly right: (z: string, columns: readonly string[], inner: readonly string[]) => Factor;
  /** The row-major position in the output of an element. */
  readonly output: (z: string, rows: readonly string[], columns: readonly string[]) => string;
}

/** WGSL for a factor's value. */
export function factorValue(memory: ShaderMemory, operand: number, { index, inside }: Factor): string {
  return inside === null
    ? memory.load(operand, index)
    : `select(0.0f, ${memory.load(operand, `select(0, ${index}, ${inside})`)}, ${inside})`;
}
