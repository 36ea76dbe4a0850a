import { type Shape, sizeOf } from "@gradus/tensor";
import type { Operand } from "./kernel.ts";
import type { ShaderMemory } from "../wgsl/memory.ts";

/** What a position along some axes adds to the place of an element. Names are WGSL. */
export interface Place {
  readonly base: string;
  /** The row and column in the image of a window, where the factor has one. */
  readonly y: string;
  readonly x: string;
}

/** Finds the places of positions: from the position itself, or from its coordinates along the axes. */
export interface Side {
  readonly from: "position" | "axes";
  readonly place: (names: readonly string[]) => Place;
}

/** Images that a factor reads through a window: an element is (y / down, x / across) where both divide, and zero where none is. */
export interface Window {
  readonly height: number;
  readonly width: number;
  readonly down: number;
  readonly across: number;
  /** Whether rows, and columns, may lie outside. */
  readonly overRows: boolean;
  readonly overColumns: boolean;
}

/**
 * Where a contraction reads one of its factors. The place of an element is the sum of what its outer position (a row of the left
 * factor, a column of the right one) and its inner position give, so that each half is computed once and used often.
 */
export interface Factor {
  readonly outer: Side;
  readonly inner: Side;
  readonly window: Window | null;
  /** Which positions follow each other in memory. */
  readonly along: "outer" | "inner";
  /** Whether four of them from a multiple of four on lie together, from a multiple of four on. */
  readonly inFours: boolean;
}

/**
 * A sum of products over three kinds of axes, which is what matmul and the convolutions are:
 * out[z, row, column] = Σ over inner of left[z, row, inner] * right[z, column, inner].
 *
 * Axes may have several extents each (a convolution's columns are images and pixels).
 */
export interface Contraction {
  readonly name: string;
  /** Left and right. */
  readonly operands: readonly [Operand, Operand];
  readonly batch: number;
  readonly rows: Shape;
  readonly columns: Shape;
  readonly inner: Shape;
  /** The factors of batch item `z`. */
  readonly left: (z: string) => Factor;
  readonly right: (z: string) => Factor;
  readonly output: (z: string) => Output;
}

/** The row-major position of an element of the output: the sum of what its row and its column give. */
export interface Output {
  readonly row: Side;
  readonly column: Side;
  /** Whether four columns from a multiple of four on lie together, from a multiple of four on. */
  readonly inFours: boolean;
}

/** A side that needs no coordinates. */
export function byPosition(base: (position: string) => string): Side {
  return { from: "position", place: ([position = "0"]) => ({ base: base(position), y: "0", x: "0" }) };
}

/** A side that is found from coordinates. */
export function byAxes(place: (names: readonly string[]) => Partial<Place>): Side {
  return { from: "axes", place: (names) => ({ base: "0", y: "0", x: "0", ...place(names) }) };
}

/** The index of the element at two places together, and the WGSL condition for there being one; null where there always is. */
export function elementAt(window: Window | null, outer: Place, inner: Place): { readonly index: string; readonly inside: string | null } {
  const base = `${outer.base} + ${inner.base}`;
  if (window === null) return { index: base, inside: null };
  const { height, width, down, across, overRows, overColumns } = window;
  const y = `(${outer.y} + ${inner.y})`;
  const x = `(${outer.x} + ${inner.x})`;
  const row = down === 1 ? y : `(${y} / ${down})`;
  const column = across === 1 ? x : `(${x} / ${across})`;
  const conditions = [
    ...(down === 1 ? [] : [`${y} % ${down} == 0`]),
    ...(across === 1 ? [] : [`${x} % ${across} == 0`]),
    // A negative number is a large one without its sign.
    ...(overRows ? [`u32(${row}) < ${height}u`] : []),
    ...(overColumns ? [`u32(${column}) < ${width}u`] : []),
  ];
  return {
    index: `${base} + ${row} * ${width} + ${column}`,
    // Not "&&", which is a branch.
    inside: conditions.length === 0 ? null : `(${conditions.map((condition) => `(${condition})`).join(" & ")})`,
  };
}

/** WGSL for an operand's element, or zero where the condition is false. */
export function elementValue(memory: ShaderMemory, operand: number, index: string, inside: string | null): string {
  return inside === null
    ? memory.load(operand, index, "by device")
    : `select(0.0f, ${memory.load(operand, `select(0, ${index}, ${inside})`, "by device")}, ${inside})`;
}

/** And for the four from a multiple of four on of an operand in vectors. */
export function vectorValue(memory: ShaderMemory, operand: number, index: string, inside: string | null): string {
  const at = `(${index}) >> 2u`;
  return inside === null
    ? memory.loadVector(operand, at, "by device")
    : `select(vec4<f32>(), ${memory.loadVector(operand, `select(0, ${at}, ${inside})`, "by device")}, ${inside})`;
}

/** Rows, columns and inner positions, counted. */
export function sizesOf({ rows, columns, inner }: Contraction): {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
} {
  return { rows: sizeOf(rows), columns: sizeOf(columns), inner: sizeOf(inner) };
}
