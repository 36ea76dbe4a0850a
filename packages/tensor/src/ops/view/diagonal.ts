import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { lessEqual } from "../pointwise/comparison.ts";
import { add } from "../pointwise/arithmetic.ts";
import { where } from "../pointwise/where.ts";
import { resolveAxis } from "../reduce/axes.ts";
import { iota } from "../source/iota.ts";
import { padWith } from "./pad.ts";
import { permute } from "./permute.ts";
import { reshape } from "./reshape.ts";
import { sliceTo } from "./slice.ts";

export interface DiagonalOptions {
  /** How far above the main diagonal; negative is below. 0 when left out. */
  readonly offset?: number;
  /** The axis of rows; 0 when left out. */
  readonly rows?: number;
  /** The axis of columns; 1 when left out. */
  readonly columns?: number;
}

/**
 * The elements whose row and column agree, as the last axis in place of those two: x[i][i + offset]. Costs nothing.
 *
 * Shapes: [n, m, ...rest] gives [...rest, min(n, m)].
 *
 * @throws ArgumentError if an axis is missing or both are the same.
 */
export function diagonal(x: Tensor, { offset = 0, rows = 0, columns = 1 }: DiagonalOptions = {}): Tensor {
  const down = resolveAxis("diagonal", x, rows);
  const across = resolveAxis("diagonal", x, columns);
  if (down === across) {
    throw new ArgumentError("argument/axis-twice", `axis ${down} cannot be both rows and columns`, {
      subject: "diagonal",
      facts: { x: String(x) },
    });
  }
  const rest = x.shape.map((_, axis) => axis).filter((axis) => axis !== down && axis !== across);
  const height = x.shape[down] ?? 1;
  const width = x.shape[across] ?? 1;
  const lead = rest.map((axis) => x.shape[axis] ?? 1);
  const length = Math.max(0, Math.min(height, height + offset, width, width - offset));
  const flat = reshape(permute(x, [...rest, down, across]), [...lead, height * width]);
  return sliceTo(flat, {
    starts: [...lead.map(() => 0), length === 0 ? 0 : startOf(offset, width)],
    steps: [...lead.map(() => 1), width + 1],
    sizes: [...lead, length],
  });
}

/**
 * Square matrices that are zero but for a diagonal, which the last axis holds: y[..., i, i + offset] = x[..., i].
 *
 * Shapes: [..., n] gives [..., m, m] with m = n + |offset|.
 *
 * @throws ArgumentError for a scalar.
 */
export function diagonalEmbed(x: Tensor, { offset = 0 }: { readonly offset?: number } = {}): Tensor {
  const axis = resolveAxis("diagonalEmbed", x, -1);
  const length = x.shape[axis] ?? 0;
  const side = length + Math.abs(offset);
  const start = startOf(offset, side);
  const span = length === 0 ? 0 : (length - 1) * (side + 1) + 1;
  const only = (value: number): number[] => x.shape.map((_, i) => (i === axis ? value : 0));
  const flat = padWith(x, {
    before: only(length === 0 ? 0 : start),
    after: only(side * side - span - (length === 0 ? 0 : start)),
    between: only(side),
    value: 0,
  });
  return reshape(flat, [...x.shape.slice(0, -1), side, side]);
}

/**
 * The upper triangle of matrices in the last two axes: x[..., i, j] where j >= i + diagonal, else 0.
 *
 * @throws ArgumentError if there are fewer than two axes.
 */
export function triu(x: Tensor, diagonal = 0): Tensor {
  const [row, column] = places(x, "triu");
  return where(lessEqual(add(row, diagonal), column), x, 0);
}

/**
 * The lower triangle of matrices in the last two axes: x[..., i, j] where j <= i + diagonal, else 0.
 *
 * @throws ArgumentError if there are fewer than two axes.
 */
export function tril(x: Tensor, diagonal = 0): Tensor {
  const [row, column] = places(x, "tril");
  return where(lessEqual(column, add(row, diagonal)), x, 0);
}

/** Row and column of every element of the last two axes. */
function places(x: Tensor, subject: string): readonly [row: Tensor, column: Tensor] {
  return [iota(x.shape, resolveAxis(subject, x, -2)), iota(x.shape, resolveAxis(subject, x, -1))];
}

/** Position of a diagonal's first element in rows of `width`. */
function startOf(offset: number, width: number): number {
  return offset >= 0 ? offset : -offset * width;
}
